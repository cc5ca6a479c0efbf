/* SPDX-License-Identifier: Apache-2.0 */
/* Import of one untrusted private key, for import_pem.c and import_pkcs12.c. */
#ifndef PKI_IMPORT_KEY_H
#define PKI_IMPORT_KEY_H

#include "pki/import_parse.h"
#include "pki/pem.h"

#include <stdbool.h>

/*
 * Refuses unknown PKCS#8 encryption, and more PBKDF2 rounds than
 * PBKDF2_ROUNDS_LIMIT, before any key derivation runs.
 */
MUST_CHECK bool import_check_pkcs8(const gnutls_datum_t *pkcs8, gnutls_x509_crt_fmt_t format,
				   struct err *e);
MUST_CHECK bool import_check_rounds(unsigned rounds, struct err *e);

/* The name of what a file is encrypted with that GnuTLS does not know; "an algorithm". */
const char *import_unread_algorithm(const gnutls_datum_t *der);
/* Adds the key in DER: PKCS#8, PKCS#1 or SEC1, not encrypted. */
MUST_CHECK bool import_plain_key(struct import_parse *f, struct der der, struct err *e);
/* Adds the key of a PEM block with headers, the encryption of RFC 1421 as OpenSSL has it. */
MUST_CHECK bool import_sealed_pem(struct import_parse *f, const struct pem_block *b,
				  const char *password, struct err *e);
/* Adds the key in PKCS#8 DER, which is encrypted when `password` is given. */
MUST_CHECK bool import_pkcs8(struct import_parse *f, const gnutls_datum_t *der,
			     const char *password, struct err *e);

#endif
