/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of order signers.  The certificates in an order are untrusted until
 * the decoder has checked them (base/decoder.h); a signer that is an allowed
 * client is cached for a while, by the digest of the certificates.
 */
#ifndef AGENT_SIGNER_CACHE_H
#define AGENT_SIGNER_CACHE_H

#include "base/buf.h"
#include "base/decoder.h"
#include "base/err.h"
#include "crypto/crypto.h"
#include "model/agent_config.h"
#include "wire/request.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	SIGNER_SPKI_LIMIT = 2048,
	SIGNER_TRUST_S = 600, /* seconds until certificates are checked again */
};

struct signer {
	uint8_t shown[SHA256_BYTES]; /* SHA-256 of the certificates */
	int64_t until;
	size_t spki_len; /* 0: empty slot */
	unsigned char spki[SIGNER_SPKI_LIMIT];
};

struct signer_cache;

/* `authority` is PEM; both arguments are borrowed and may change. */
struct signer_cache *signer_cache_new(const struct agent_config *c, const struct buf *authority);
void signer_cache_free(struct signer_cache *s);
AUTO_TYPE(signer_cache, struct signer_cache *, signer_cache_free)

/* ERR_INPUT with the reason when the signer is not an allowed client. */
MUST_CHECK bool signer_cache_find(const struct signer_cache *s, const struct order_request *r,
				  int64_t now, struct signer *out, struct err *e);
/* To be called when either argument has changed. */
void signer_cache_forget(struct signer_cache *s);
void signer_cache_remember(struct signer_cache *s, const struct signer *found);
/* For the table of the decoder. */
decode_fn signers_decode;

#endif
