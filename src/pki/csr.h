/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate signing requests (PKCS#10): a public key and the proof that
 * whoever sent it has the private one.  What else stands in one is neither
 * written nor read.
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

/* DER in `a`. */
MUST_CHECK bool csr_make(const struct secret *pkcs8, struct arena *a, struct der *out,
			 struct err *e);
/*
 * The SubjectPublicKeyInfo, in `a`, when the signature holds and the key is
 * of a kind that we would make.  The decoder reads it.
 */
MUST_CHECK bool csr_read(struct der csr, struct arena *a, struct der *spki, struct err *e);
/* For the table of decoders (base/decoder.h). */
decode_fn csr_decode;

#endif
