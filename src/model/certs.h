/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates as DER bytes, to be stored, transferred or written. */
#ifndef MODEL_CERTS_H
#define MODEL_CERTS_H

#include <stddef.h>

struct der {
	const unsigned char *bytes;
	size_t len;
};

/*
 * Certificates served for one key: the leaf, then upwards, without the
 * self-signed root; the root is the anchor (len 0 when it is unknown, or when
 * the leaf is self-signed).
 */
struct cert_set {
	const struct der *certs;
	size_t count;
	struct der anchor;
};

#endif
