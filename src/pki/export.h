/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Export of a key pair to other file formats.
 *
 * PKCS#12 as GnuTLS writes it, readable by openssl and Java: certificates and
 * key each encrypted with AES-256 under PBKDF2 of 600,000 rounds, HMAC-SHA256
 * over the whole.  An export takes about a seventh of a second.
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
	const char *name;              /* friendlyName of the entry */
};

/* Writes PKCS#12 DER; `out` must be empty. */
MUST_CHECK bool export_pkcs12(const struct export_order *o, struct secret *out, struct err *e);

#endif
