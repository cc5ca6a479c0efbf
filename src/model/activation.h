/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The activation ladder: how a process takes a new pair into use, from the
 * least to the most that its users notice.  What a component says with
 * `activate` decides; where it says nothing, its driver does, by one row
 * for each.
 */
#ifndef MODEL_ACTIVATION_H
#define MODEL_ACTIVATION_H

#include "model/fleet.h"

#include <stdbool.h>

enum activation {
	ACTIVATION_NONE, /* by itself, when it notices; nobody tells it */
	ACTIVATION_HOT,  /* swapped in the running process */
	ACTIVATION_RELOAD,
	ACTIVATION_RESTART,
	ACTIVATION_COUNT
};
struct component_seen;

/* What it says itself, or its driver; or its host, of what was seen there. */
enum activation component_activation(const struct component *c, const struct component_seen *seen);
/* Of a signal, a command or a request; of nothing: ACTIVATION_NONE. */
enum activation activate_activation(const struct activate *a);

/* The driver knows by itself how: `activate` has no place there. */
bool deliver_activates(const struct deliver *d);
/* The same, by a swap in the running process. */
bool deliver_swaps(const struct deliver *d);
/* Already the commit does, so that nothing can be left for later. */
bool component_swaps_at_commit(const struct component *c);

/* "files" and so on, as in the fleet file. */
const char *driver_name(enum driver_kind kind);

MUST_CHECK bool activation_named(const char *name, enum activation *out);
extern const char *const activation_names[ACTIVATION_COUNT + 1];

#endif
