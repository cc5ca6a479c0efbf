/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs with their keys, each loaded once for all components that get it. */
#ifndef ENGINE_LOADED_H
#define ENGINE_LOADED_H

#include "base/auto.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"

#include <stddef.h>

struct job;
struct loaded;
struct run;

struct loaded_pair {
	const char *fingerprint;
	struct cert_set set;
	struct secret key;
	struct err error; /* ERR_NONE: it is there */
};

/* Room for `limit` different pairs. */
struct loaded *loaded_new(size_t limit);
void loaded_free(struct loaded *l);
AUTO_TYPE(loaded, struct loaded *, loaded_free)

/* Borrowed; from this run or the state. */
const struct loaded_pair *loaded_get(struct loaded *l, struct run *r,
				     const char *fingerprint);
/* Fills a job with the pair of its fingerprint, if its driver wants it. */
void loaded_give(struct loaded *l, struct run *r, struct job *j,
		 struct err *error);

#endif
