/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a request with an order: the order as it was signed, the
 * signature, the signer's certificates, and, for stage, the pair.
 *
 *	{"order": "...", "signature": "base64", "signer": ["base64 DER"...],
 *	 "pair": {"certificates": [...], "anchor": "..." or null,
 *		  "key": "base64 PKCS#8"}}
 */
#ifndef WIRE_REQUEST_H
#define WIRE_REQUEST_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	REQUEST_LIMIT = 1024 * 1024, /* bytes of a body */
	SIGNER_LIMIT = 4,            /* certificates of the signer */
	PAIR_LIMIT = 10,             /* certificates of a pair */
};

struct order_request {
	const char *order; /* output of order_text() */
	size_t order_len;
	struct der signature;
	const struct der *signer; /* leaf first */
	size_t signer_count;
	bool has_pair;
	struct cert_set set;
	struct secret key; /* PKCS#8 DER; owned */
};

void order_request_release(struct order_request *r);
AUTO_STRUCT(order_request, struct order_request, order_request_release)

/* `key` is borrowed; `out` must be empty. */
void order_request_write(const struct order_request *r, const struct secret *key,
			 struct secret *out);
/*
 * ERR_INPUT when malformed; all but the key lives in `a`.  `out` must be empty.
 */
MUST_CHECK bool order_request_read(const struct secret *body, struct arena *a,
				   struct order_request *out, struct err *e);

#endif
