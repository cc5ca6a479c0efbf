/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and key identifiers of a certificate: its own (subjectKeyIdentifier)
 * and its signer's (authorityKeyIdentifier, RFC 5280 section 4.2.1).  The
 * certificate's own claims: enough to tell apart two CAs with one subject,
 * never a proof.
 */
#ifndef PKI_KEY_ID_H
#define PKI_KEY_ID_H

#include "base/arena.h"
#include "base/err.h"
#include "model/certs.h"

struct key_ids {
	const char *subject; /* as subject_canonical() writes it */
	const char *issuer;
	const char *own;    /* hex; without the extension: SHA-256 of the key */
	const char *signer; /* hex; without the extension: `own` when subject
			       and issuer are the same, else NULL */
};

/* Strings in `a`.  Parsed in the decoder process: the certificate is untrusted. */
MUST_CHECK bool key_ids_read(struct der der, struct arena *a, struct key_ids *out, struct err *e);

#endif
