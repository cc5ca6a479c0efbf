/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and certificates found in the imported files, in no order.  All of it
 * runs in the decoder process (base/decoder.h).
 */
#ifndef PKI_IMPORT_PARSE_H
#define PKI_IMPORT_PARSE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/vec.h"
#include "model/certs.h"
#include "model/fleet.h"
#include "pki/gnutls_handle.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	FOUND_KEY_LIMIT = 8
};

/*
 * A private key.  Java writes EC keys without their public point, which GnuTLS
 * cannot compute: such a key is kept as a bare scalar until a certificate
 * supplies the point.
 */
struct parsed_key {
	struct secret pkcs8; /* empty: not complete yet */
	struct secret scalar;
	gnutls_ecc_curve_t curve;
};

struct import_parse {
	struct arena arena;
	enum import_kind kind; /* of the files, for remedies */
	bool wizard;           /* by the rules of AppMon's import wizard, see pki/import.h */
	VEC(struct der) certs; /* without duplicates */
	struct parsed_key keys[FOUND_KEY_LIMIT];
	size_t key_count;
	size_t blocks; /* PEM blocks or bags seen, for the limit */
};

void import_parse_release(struct import_parse *f);
AUTO_STRUCT(import_parse, struct import_parse, import_parse_release)

/* Counts a block towards PEM_BLOCK_LIMIT. */
MUST_CHECK bool import_parse_count(struct import_parse *f, struct err *e);
/* Adds a copy; a duplicate is ignored. */
MUST_CHECK bool import_parse_add_cert(struct import_parse *f, const gnutls_datum_t *der,
				      struct err *e);
/* Add a copy; a duplicate is ignored. */
MUST_CHECK bool import_parse_add_key(struct import_parse *f, gnutls_x509_privkey_t key,
				     struct err *e);
MUST_CHECK bool import_parse_add_scalar(struct import_parse *f, gnutls_ecc_curve_t curve,
					struct der scalar, struct err *e);

/* Decodes one file; `password` is NULL when there is none. */
MUST_CHECK bool import_parse_read_pem(struct import_parse *f, gnutls_datum_t text,
				      const char *password, struct err *e);
MUST_CHECK bool found_read_pkcs12(struct import_parse *f, gnutls_datum_t der, const char *password,
				  struct err *e);

/* A file that holds nothing but DER: a certificate, a key or PKCS#7. */
MUST_CHECK bool import_parse_read_der(struct import_parse *f, gnutls_datum_t der,
				      const char *password, struct err *e);
/* Of whatever form but a ZIP. */
MUST_CHECK bool import_parse_read_any(struct import_parse *f, gnutls_datum_t file,
				      const char *password, struct err *e);
/* The certificates of PKCS#7, for PEM and DER. */
MUST_CHECK bool import_parse_add_pkcs7(struct import_parse *f, const gnutls_datum_t *der,
				       struct err *e);

/*
 * Form of a file that is not what its key of 'import' says, and where it belongs
 * or how to convert it: "is a Java keystore (JKS); convert it with ..."; NULL:
 * unknown.
 */
const char *import_form_words(gnutls_datum_t in);

/* The certificates of `f` from the leaf of `pkcs8` upwards. */
MUST_CHECK bool import_parse_chain(struct import_parse *f, const struct secret *pkcs8,
				   struct cert_set *set, struct err *e);
/*
 * The only key and its chain, leaf first; both stay in `f`.  A key without
 * its public point is completed.
 */
MUST_CHECK bool import_parse_pair(struct import_parse *f, const struct secret **key,
				  struct cert_set *set, struct err *e);

#endif
