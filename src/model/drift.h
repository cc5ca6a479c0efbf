/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is installed and served of a component, compared with the pair that is
 * desired: decided here for plans and for the status.
 */
#ifndef MODEL_DRIFT_H
#define MODEL_DRIFT_H

#include "model/observation.h"

enum drift {
	DRIFT_UNKNOWN,
	DRIFT_OTHER,      /* another pair, a damaged one, another chain, or none */
	DRIFT_ATTRIBUTES, /* installed: the desired one, but owner or mode of its files
			   are not as they were set */
	DRIFT_NONE,
	DRIFT_COUNT
};

/* `fingerprint` NULL: the desired pair does not exist yet; `chain` NULL: unknown. */
enum drift installed_drift(const struct observation *seen, const char *fingerprint,
			   const char *chain);
/*
 * A chain that is served is good when it reaches the anchor; that does not
 * clear another chain that is installed.
 */
enum drift served_drift(const struct observation *seen, const char *fingerprint, const char *chain);

#endif
