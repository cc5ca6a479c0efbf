/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a certificate and key that somebody else made: PEM files in any
 * order and mixture, or one PKCS#12.  The decoder (base/decoder.h) does all
 * of it, with what the leaf says and whether the pair is sound; finished pairs
 * come back.
 *
 * The chain is put in order, from the leaf upwards; a self-signed root is
 * not part of it but kept as anchor.  Another form of an authority that the
 * chain has (cross-signed, renewed) is dropped.  An EC key without its public
 * point, as Java writes it, takes the point from its leaf.  More than one
 * key, two leaves for the key, certificates that belong to no chain, an
 * encrypted PEM key without password, a wrong password: each has its own
 * message.
 */
#ifndef PKI_IMPORT_H
#define PKI_IMPORT_H

#include "base/decoder.h"
#include "pki/pair.h"

struct import_input {
	enum import_kind kind;
	const char *const *names;   /* of the files, for messages */
	const struct secret *files; /* their bytes */
	size_t file_count;
	const struct secret *password; /* NULL or empty: none */
	int64_t at;                    /* the pair must be sound then (pair_lint()); 0: any */
};

/*
 * ERR_INPUT names the file and what is wrong with it, or the certificate that
 * is not sound.  `out` must be empty.
 */
MUST_CHECK bool import_read(const struct import_input *in, struct pair *out, struct err *e);
/* For the table of decoders (base/decoder.h). */
decode_fn import_decode;

#endif
