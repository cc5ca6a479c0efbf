/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cache of generations with their keys: each is loaded once for all components
 * of a batch.  pairs_release() wipes the keys.
 */
#ifndef ENGINE_PAIRS_H
#define ENGINE_PAIRS_H

#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"
#include "model/snapshot.h"

#include <stddef.h>

struct job;
struct run;
struct state;

struct loaded {
	const char *fingerprint;
	struct generation generation;
	struct cert_set set;
	struct secret key;
	struct err error; /* code ERR_NONE: loaded completely */
};

struct pairs {
	struct loaded *list;
	size_t count;
};

/* Room for `most` different generations. */
void pairs_init(struct pairs *p, size_t most);
void pairs_release(struct pairs *p);
AUTO_STRUCT(pairs, struct pairs, pairs_release)

/* Loads a generation once; never NULL, and the address is stable. */
const struct loaded *pairs_load(struct pairs *p, struct run *r, const char *fingerprint);
/* Sets certificates and key of a job whose driver takes a pair, if available. */
void pairs_hand_over(struct pairs *p, struct run *r, struct job *j);

/*
 * The certificates of a generation, which are the ones that it was recorded with:
 * whatever goes out of the state goes through here.
 */
MUST_CHECK bool stored_certificates(struct state *s, const struct generation *g, struct arena *a,
				    struct cert_set *out, struct err *e);
/*
 * The key of a generation for a component or a bundle, also an older one in its form
 * of today; `out` must be empty.
 */
MUST_CHECK bool stored_key(struct state *s, const struct generation *g, struct secret *out,
			   struct err *e);

#endif
