/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates as bytes, for those who store, carry or write them. */
#ifndef MODEL_CERTS_H
#define MODEL_CERTS_H

#include <stddef.h>

struct der {
	const unsigned char *bytes;
	size_t len;
};

/*
 * What is served for one key: the leaf, then upwards, without the
 * self-signed root; that one is the anchor (len 0 when it is not known, or
 * when the leaf is its own).
 */
struct cert_set {
	const struct der *certs;
	size_t count;
	struct der anchor;
};

#endif
