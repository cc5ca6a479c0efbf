/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Activation: how a process takes a new pair into use, ordered from the least
 * to the most noticeable for its users.  A component's `activate` decides;
 * without one, its driver does, by one table row for each.
 */
#ifndef MODEL_ACTIVATION_H
#define MODEL_ACTIVATION_H

#include "model/fleet.h"

#include <stdbool.h>

enum activation {
	ACTIVATION_NONE, /* by the process itself, without a signal */
	ACTIVATION_SWAP, /* swapped in the running process */
	ACTIVATION_RELOAD,
	ACTIVATION_RESTART,
	ACTIVATION_COUNT
};
struct component_seen;

/*
 * Activation of a component: its `activate`, else the one its host reported,
 * else its driver's.
 */
enum activation component_activation(const struct component *c, const struct component_seen *seen);
/* Whether its activation starts a process that does not run. */
bool component_starts(const struct component *c, const struct component_seen *seen);
/* Activation by a signal, a command or a request; ACTIVATION_NONE when unset. */
enum activation activate_activation(const struct activate *a);

/* Whether the driver activates by itself: `activate` is not allowed then. */
bool deliver_activates(const struct deliver *d);
/* Whether the driver activates by itself, by a swap in the running process. */
bool deliver_swaps(const struct deliver *d);
/* Whether the commit itself activates, so that it cannot be postponed. */
bool component_swaps_at_commit(const struct component *c);

/* Name as in the fleet file: "files" etc. */
const char *driver_name(enum driver_kind kind);

MUST_CHECK bool activation_named(const char *name, enum activation *out);
extern const char *const activation_names[ACTIVATION_COUNT + 1];
/* Names that older agents, states and plans have; NULL: never had another. */
extern const char *const activation_former_names[ACTIVATION_COUNT];

#endif
