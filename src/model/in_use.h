/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is installed and served of a component, compared with the pair that is
 * desired: decided here for plans and for the status.
 */
#ifndef MODEL_IN_USE_H
#define MODEL_IN_USE_H

#include "model/snapshot.h"

enum in_use {
	IN_USE_UNKNOWN,
	IN_USE_OTHER,   /* another pair, a damaged one, another chain, or none */
	IN_USE_EXPOSED, /* installed: the desired one, but owner or mode of its files
			   are not as they were set */
	IN_USE_DESIRED,
	IN_USE_COUNT
};

/* `fingerprint` NULL: the desired pair does not exist yet; `chain` NULL: unknown. */
enum in_use installed_in_use(const struct component_seen *seen, const char *fingerprint,
			     const char *chain);
/*
 * A chain that is served is good when it reaches the anchor; that does not
 * clear another chain that is installed.
 */
enum in_use served_in_use(const struct component_seen *seen, const char *fingerprint,
			  const char *chain);

#endif
