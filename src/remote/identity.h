/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who we are towards TLS peers, and whose certificates we accept from them.
 *
 * libcurl on GnuTLS reads all of this from files, at every connection: each
 * is kept in memory under a path that only this process can open, so a key
 * is never on disk, and the list of authorities is as short as it can be.
 * The paths stay the same, so that connections are kept for the next
 * exchange with the same identity.
 */
#ifndef REMOTE_IDENTITY_H
#define REMOTE_IDENTITY_H

#include "base/auto.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>

/* PEM texts, borrowed; NULL: none. */
struct identity_texts {
	const struct secret *authorities; /* NULL: those of this machine */
	const struct secret *certificate; /* with key: ours, leaf first */
	const struct secret *key;
};

struct identity;

MUST_CHECK bool identity_new(const struct identity_texts *texts, struct identity **out,
			     struct err *e);
void identity_free(struct identity *i);
AUTO_TYPE(identity, struct identity *, identity_free)

/* Paths for curl, until identity_free(); NULL: none. */
const char *identity_authorities(const struct identity *i);
const char *identity_certificate(const struct identity *i);
const char *identity_key(const struct identity *i);

#endif
