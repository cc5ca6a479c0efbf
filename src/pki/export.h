/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pair in the forms that others want.
 *
 * PKCS#12 as GnuTLS writes it: certificates and key each encrypted with
 * AES-256 under PBKDF2 of 600,000 rounds, HMAC-SHA256 over all; openssl and
 * Java read it.  That takes about a seventh of a second.
 */
#ifndef PKI_EXPORT_H
#define PKI_EXPORT_H

#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"

#include <stdbool.h>

struct export_order {
	const struct cert_set *set;
	const struct secret *key;      /* PKCS#8 DER */
	const struct secret *password; /* not empty */
	const char *name;              /* what readers call the entry */
};

/* As DER; `out` must be empty. */
MUST_CHECK bool export_pkcs12(const struct export_order *o, struct secret *out, struct err *e);

#endif
