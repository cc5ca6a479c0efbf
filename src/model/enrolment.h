/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment, by which an agent gets its first certificate: the invite, stored
 * in the state until it is used; the clients the agent shall accept; and the
 * record of the certificate.  Plain data.
 */
#ifndef MODEL_ENROLMENT_H
#define MODEL_ENROLMENT_H

#include "model/certs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	INVITE_FAILURES = 5, /* failed attempts that end an invite, on either side */
	INVITE_LIFE = 15 * 60,
	ENROLMENT_LIFE = 365 * 86400, /* of what agents and operators get, seconds */
	RECEIPT_NOTES = 8,
};

/*
 * Invite for one agent.  Names are written "dns:HOST" or "ip:ADDRESS"; the
 * first is also the certificate's common name.
 */
struct invite {
	const char *id;
	const char *agent;
	const char *issuer; /* a name of the fleet file */
	const char *token;  /* SHA-256 of the token, hex; the token itself is not stored */
	const char *const *names;
	size_t name_count;
	int64_t validity; /* of the certificate, seconds */
	int64_t expires;
	unsigned failures;
};

/* Certificate issued at an enrolment; its key is on the agent's host. */
struct enrolled {
	const char *agent;
	unsigned number; /* counts the agent's enrolments, from 1 */
	const char *issuer;
	const char *authority; /* fingerprint of the signing CA */
	const char *serial;    /* hex, like the next two */
	const char *fingerprint;
	const char *spki;
	const char *const *names; /* as in the invite */
	size_t name_count;
	int64_t not_before;
	int64_t not_after;
};

/* Clients an agent shall accept: PEM of a CA, and entries of `allow`. */
struct trust_grant {
	const char *authority;
	const char *const *allow;
	size_t allow_count;
};

/* Grant: everything an agent receives at its enrolment. */
struct grant {
	const struct der *certs; /* leaf first */
	size_t cert_count;
	struct trust_grant admission;
};

/* Receipt: the agent's reply to a grant. */
struct receipt {
	bool written; /* the certificate is installed */
	const char *notes[RECEIPT_NOTES];
	size_t note_count;
};

#endif
