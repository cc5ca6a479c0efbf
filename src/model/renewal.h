/* SPDX-License-Identifier: Apache-2.0 */
/* When a certificate is due for renewal, and when it is too late to wait. */
#ifndef MODEL_RENEWAL_H
#define MODEL_RENEWAL_H

#include "model/fleet.h"
#include "model/snapshot.h"

#include <stdint.h>

/*
 * When a generation is due: with L its lifetime from its issue on,
 * not_after - renew_before when 0 < renew_before < L (so a new one is never
 * due at once), a percentage is of L, else a third of L; and earlier by the spread.
 */
int64_t renewal_due_at(const struct generation *g, const struct certificate *c);
/*
 * Seconds of it by which `spread` moves that earlier: by a hash of the certificate's name
 * up to that share of the time before the end, and never so far that a new one is due in
 * the first half of what is left of its life.
 */
int64_t renewal_spread(const struct generation *g, const struct certificate *c);

/* When what a component serves ends, and from when on nothing may wait for it. */
struct served_end {
	int64_t not_after; /* 0: unknown; so is the deadline */
	int64_t deadline;  /* 7 days before, or a tenth of its life, whichever is less */
};
struct served_end renewal_served_end(const struct snapshot *s, const struct component_seen *seen);

#endif
