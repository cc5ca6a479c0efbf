/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose key a certificate names: its own (subjectKeyIdentifier) and its
 * signer's (authorityKeyIdentifier, RFC 5280 section 4.2.1).  The names are
 * what the certificate says of itself: enough to tell two authorities of one
 * subject apart, never a proof.
 */
#ifndef PKI_KEY_ID_H
#define PKI_KEY_ID_H

#include "base/arena.h"
#include "base/err.h"
#include "model/certs.h"

struct key_ids {
	const char *subject; /* as subject_canonical() writes it */
	const char *issuer;
	const char *own;    /* hex; the SHA-256 of the key when it has none */
	const char *signer; /* hex; NULL: not told.  Of one that names itself
			       as its issuer and tells none: `own` */
};

/* Strings in `a`; a stranger's certificate, so the decoder reads it. */
MUST_CHECK bool key_ids_read(struct der der, struct arena *a, struct key_ids *out, struct err *e);

#endif
