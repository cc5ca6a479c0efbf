/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Import of an externally issued certificate and key: files of PEM, DER, PKCS#7 and
 * PKCS#12 in any order and mixture, on their own or out of a ZIP (bundle/pem_zip.h),
 * told by their content; or all of the one form that the kind of the import names.
 * Parsing, reading the leaf's facts and checking the pair all happen in the
 * decoder process (base/decoder.h), which returns a finished pair.
 *
 * The chain is sorted from the leaf upwards; a self-signed root is not part of
 * it but kept as anchor.  A second certificate of a CA in the chain
 * (cross-signed, renewed) is dropped.  An EC key without its public point, as
 * Java writes it, takes the point from its leaf.  More than one key, two leaves
 * for the key, certificates outside the chain, an encrypted PEM key without
 * password and a wrong password each have their own message.
 *
 * What AppMon's import wizard would refuse can be refused as well: several files,
 * an encrypted PEM key, a key that is not RSA of at least 2048 bits, a chain that
 * does not reach its root, and whatever in the file is not used.  It takes several
 * chains, when all of them begin with the leaf.
 */
#ifndef PKI_IMPORT_H
#define PKI_IMPORT_H

#include "base/decoder.h"
#include "pki/pair.h"

/* Form of a file, by its first bytes. */
enum file_form {
	FORM_UNKNOWN,
	FORM_PEM,
	FORM_CERT,       /* in DER, like all below but the last */
	FORM_KEY,        /* PKCS#8, PKCS#1 or SEC1 */
	FORM_SEALED_KEY, /* PKCS#8, encrypted */
	FORM_PKCS7,
	FORM_PKCS12,
	FORM_ZIP,
};

/* DER counts only when it is as long as it says; nothing is decoded. */
enum file_form file_form_of(const void *bytes, size_t len);

struct import_input {
	enum import_kind kind;
	const char *archive;        /* ZIP: name of the archive the files are from */
	const char *const *names;   /* file names, for messages */
	const struct secret *files; /* file contents */
	size_t file_count;
	const struct secret *password; /* NULL or empty: none */
	bool wizard;                   /* the rules of AppMon's import wizard hold, too */
	int64_t at;                    /* time at which pair_lint() must pass; 0: not checked */
};

/* ERR_INPUT names the file and its defect.  `out` must be empty; no pair_lint(). */
MUST_CHECK bool import_read(const struct import_input *in, struct pair *out, struct err *e);
/* The same; `refusal`, in the pair's arena: why pair_lint() refuses it; NULL: it does not. */
MUST_CHECK bool import_read_linted(const struct import_input *in, struct pair *out,
				   const char **refusal, struct err *e);
/* For the table of decoders (base/decoder.h). */
decode_fn import_decode;

#endif
