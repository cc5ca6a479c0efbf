/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate signing requests (PKCS#10): a public key, and the proof that the
 * sender has the private key.  All other fields are neither written nor read.
 */
#ifndef PKI_CSR_H
#define PKI_CSR_H

#include "base/arena.h"
#include "base/decoder.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"

#include <stdbool.h>

enum {
	CSR_LIMIT = 8 * 1024, /* bytes */
	CSR_SPKI_LIMIT = 2 * 1024,
};

/* The request as DER, in `a`. */
MUST_CHECK bool csr_make(const struct secret *pkcs8, struct arena *a, struct der *out,
			 struct err *e);
/*
 * The SubjectPublicKeyInfo, in `a`, when the signature verifies and the key is
 * of a type that key_generate() makes.  Parsed in the decoder process.
 */
MUST_CHECK bool csr_read(struct der csr, struct arena *a, struct der *spki, struct err *e);
/* For the table of decoders (base/decoder.h). */
decode_fn csr_decode;

#endif
