/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates as GnuTLS handles, for the .c files of pki/. */
#ifndef PKI_CERT_H
#define PKI_CERT_H

#include "base/arena.h"
#include "base/err.h"
#include "pki/gnutls_handle.h"

#include <stdbool.h>
#include <stdint.h>

MUST_CHECK bool cert_open(struct der der, gnutls_x509_crt_t *out, struct err *e);
MUST_CHECK bool cert_public(gnutls_x509_crt_t crt, gnutls_pubkey_t *out, struct err *e);
/* The name as in RFC 4514, escaped for display; "" when empty or unreadable. */
const char *cert_subject(gnutls_x509_crt_t crt, struct arena *a);
const char *cert_issuer(gnutls_x509_crt_t crt, struct arena *a);

/*
 * Whether `issuer` has the name and the key that signed `crt`.  Dates, CA flag
 * and signature strength are not checked.
 */
bool cert_is_signed_by(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer);

#endif
