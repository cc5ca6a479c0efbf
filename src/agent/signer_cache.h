/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who signs orders.  The certificates that come with one are a stranger's
 * until the decoder looked at them (base/decoder.h); who was found to be one of
 * the callers is remembered for a while, by what was shown.
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
	SIGNER_TRUST_S = 600, /* how long a look at certificates holds */
};

struct signer {
	uint8_t shown[SHA256_BYTES]; /* over the certificates */
	int64_t until;
	size_t spki_len; /* 0: nobody */
	unsigned char spki[SIGNER_SPKI_LIMIT];
};

struct signer_cache;

/* `authority` is PEM, borrowed like the configuration; both may change. */
struct signer_cache *signer_cache_new(const struct agent_config *c, const struct buf *authority);
void signer_cache_free(struct signer_cache *s);
AUTO_TYPE(signer_cache, struct signer_cache *, signer_cache_free)

/* Not one of the callers: ERR_INPUT with why. */
MUST_CHECK bool signer_cache_find(const struct signer_cache *s, const struct order_request *r,
				  int64_t now, struct signer *out, struct err *e);
/* When either has changed. */
void signer_cache_forget(struct signer_cache *s);
void signer_cache_remember(struct signer_cache *s, const struct signer *found);
/* For the table of decoders. */
decode_fn signers_decode;

#endif
