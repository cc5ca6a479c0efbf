/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certfleet.lineage, a public file beside the fleet file that belongs into git: the
 * lineage of the state of each fleet there, and the keys (SPKI hashes) of its managed
 * authorities.  It tells a checkout without its state from a fleet that never had one.
 */
#ifndef ENGINE_LINEAGE_H
#define ENGINE_LINEAGE_H

#include "base/err.h"

struct engine;

/*
 * Sets `missing_lineage` of the engine when the file names a state that is not here.  A
 * state of another lineage, or a damaged file, is an error.
 */
MUST_CHECK bool lineage_check(struct engine *en, struct err *e);
/* Writes what the state says, unless the file says so; false: a failure was reported. */
bool lineage_record(struct engine *en);

#endif
