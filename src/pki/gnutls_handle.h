/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GnuTLS handles under AUTO(), and conversion of GnuTLS errors to struct err.
 * For the .c files of pki/ only: no other folder sees a GnuTLS type.
 */
#ifndef PKI_GNUTLS_HANDLE_H
#define PKI_GNUTLS_HANDLE_H

#include "base/auto.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/pkcs12.h>
#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>

AUTO_TYPE(crt, gnutls_x509_crt_t, gnutls_x509_crt_deinit)
AUTO_TYPE(crq, gnutls_x509_crq_t, gnutls_x509_crq_deinit)
AUTO_TYPE(x509_key, gnutls_x509_privkey_t, gnutls_x509_privkey_deinit)
AUTO_TYPE(privkey, gnutls_privkey_t, gnutls_privkey_deinit)
AUTO_TYPE(pubkey, gnutls_pubkey_t, gnutls_pubkey_deinit)
AUTO_TYPE(dn, gnutls_x509_dn_t, gnutls_x509_dn_deinit)
AUTO_TYPE(alt_names, gnutls_subject_alt_names_t, gnutls_subject_alt_names_deinit)
AUTO_TYPE(pkcs12, gnutls_pkcs12_t, gnutls_pkcs12_deinit)
AUTO_TYPE(pkcs12_bag, gnutls_pkcs12_bag_t, gnutls_pkcs12_bag_deinit)
AUTO_TYPE(session, gnutls_session_t, gnutls_deinit)
AUTO_TYPE(priority, gnutls_priority_t, gnutls_priority_deinit)
AUTO_TYPE(credentials, gnutls_certificate_credentials_t, gnutls_certificate_free_credentials)

/* A datum that GnuTLS allocated. */
void datum_release(gnutls_datum_t *d);
AUTO_STRUCT(datum, gnutls_datum_t, datum_release)
/* Likewise, wiped before it is freed: for keys. */
void secret_datum_release(gnutls_datum_t *d);
AUTO_STRUCT(secret_datum, gnutls_datum_t, secret_datum_release)

/* Borrowed views. */
gnutls_datum_t datum_of(struct der der);
gnutls_datum_t datum_of_secret(const struct secret *s);
gnutls_datum_t datum_of_text(const char *text);

/* ERR_CRYPTO: the text, followed by GnuTLS's message for `rc`. */
bool err_gnutls(struct err *e, int rc, const char *fmt, ...) PRINTF(3, 4);
/* GnuTLS's message for `rc` without the full stop, in static memory or `room`. */
const char *gnutls_words(int rc, char room[128]);

#endif
