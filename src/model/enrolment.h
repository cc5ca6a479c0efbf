/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an agent gets its first certificate: an invite, which the state keeps
 * until it is used, what the agent's host is told whom to obey, and what is
 * remembered of the certificate.  Plain data.
 */
#ifndef MODEL_ENROLMENT_H
#define MODEL_ENROLMENT_H

#include "model/certs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	INVITE_FAILURES = 5, /* end it, on either side */
	INVITE_LIFE = 15 * 60,
	ENROLMENT_LIFE = 90 * 86400, /* of the certificate, seconds */
	RECEIPT_NOTES = 8,
};

/*
 * An invitation of one agent.  Names stand as "dns:HOST" or "ip:ADDRESS";
 * the first is the certificate's common name as well.
 */
struct invite {
	const char *id;
	const char *agent;
	const char *issuer; /* a name of the fleet file */
	const char *token;  /* SHA-256, hex; the token itself is nowhere */
	const char *const *names;
	size_t name_count;
	int64_t validity; /* of the certificate, seconds */
	int64_t expires;
	unsigned failures;
};

/* The certificate an agent was enrolled with; its key is on its host. */
struct enrolled {
	const char *agent;
	unsigned number; /* an agent may be enrolled again, from 1 */
	const char *issuer;
	const char *authority; /* fingerprint of who signed */
	const char *serial;    /* hex, as all of these */
	const char *fingerprint;
	const char *spki;
	const char *const *names; /* as in the invite */
	size_t name_count;
	int64_t not_before;
	int64_t not_after;
};

/* Whom an agent shall obey: PEM of an authority, and entries of `allow`. */
struct trust_grant {
	const char *authority;
	const char *const *allow;
	size_t allow_count;
};

/* What an agent is given. */
struct grant {
	const struct der *certs; /* leaf first */
	size_t cert_count;
	struct trust_grant admission;
};

/* What it made of that. */
struct receipt {
	bool written; /* it has its certificate */
	const char *notes[RECEIPT_NOTES];
	size_t note_count;
};

#endif
