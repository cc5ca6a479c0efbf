/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generations with their keys, each loaded once for all components of a
 * batch; the keys are wiped with it.
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

struct loaded {
	const char *fingerprint;
	struct generation generation;
	struct cert_set set;
	struct secret key;
	struct err error; /* ERR_NONE: it is all there */
};

struct pairs {
	struct loaded *list;
	size_t count;
};

/* Room for `most` different ones. */
void pairs_init(struct pairs *p, size_t most);
void pairs_release(struct pairs *p);
AUTO_STRUCT(pairs, struct pairs, pairs_release)

/* Never NULL; stays where it is. */
const struct loaded *pairs_load(struct pairs *p, struct run *r, const char *fingerprint);
/* Set and key of a job whose driver takes them, when they are known. */
void pairs_hand_over(struct pairs *p, struct run *r, struct job *j);

#endif
