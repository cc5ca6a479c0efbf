/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our TLS client identity, and the CAs that we accept for the server's
 * certificate.
 *
 * libcurl with GnuTLS reads both from files at every connect.  The files are
 * kept in memory (memfd), under paths that only this process can open, so a key
 * is never on disk and the list of CAs is as short as possible.  The paths stay
 * the same, so that curl reuses connections for the same identity.
 */
#ifndef REMOTE_IDENTITY_H
#define REMOTE_IDENTITY_H

#include "base/auto.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>

/* PEM texts, borrowed; NULL: none. */
struct identity_texts {
	const struct secret *authorities; /* NULL: the system's CAs */
	const struct secret *certificate; /* our chain, leaf first; with `key` */
	const struct secret *key;
};

struct identity;

MUST_CHECK bool identity_new(const struct identity_texts *texts, struct identity **out,
			     struct err *e);
void identity_free(struct identity *i);
AUTO_TYPE(identity, struct identity *, identity_free)

/* Paths for curl, valid until identity_free(); NULL: none. */
const char *identity_authorities(const struct identity *i);
const char *identity_certificate(const struct identity *i);
const char *identity_key(const struct identity *i);

#endif
