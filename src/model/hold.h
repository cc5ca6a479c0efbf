/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hold: a former generation that --use made the desired one.  It lasts until its time
 * or until the request of the certificate changes; then the newest generation is
 * desired, as always.  At most one generation of a certificate is held.
 */
#ifndef MODEL_HOLD_H
#define MODEL_HOLD_H

#include "model/fleet.h"
#include "model/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

/* A hold begins, or (with `until` 0) the one of this generation ends. */
struct hold {
	const char *certificate;
	const char *fingerprint;
	const char *request;
	int64_t until;
};

/* The generation that is held at `at`; NULL: none. */
const struct generation *held_generation(const struct snapshot *s, const struct certificate *c,
					 int64_t at);
/* Whether --reissue made a generation in place of `g` or of a newer one. */
bool generation_was_withdrawn(const struct snapshot *s, const struct generation *g);
/* The latest end of a hold: a renewal needs time. */
int64_t hold_latest_end(const struct generation *g);
/* The end of a hold that begins at `at`, where none is said. */
int64_t hold_usual_end(const struct generation *g, int64_t at);
/*
 * The generation that a certificate's components should have at `at`: the held one,
 * else the newest; of an import that of its file.  NULL: none yet.
 */
const struct generation *desired_generation(const struct snapshot *s, const struct certificate *c,
					    int64_t at);

#endif
