/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rebuilding a lost state from a copy: a bundle, or an exported file.
 *
 * What a copy carries beside the generations and their keys: what is known of the
 * components (with the numbers of their orders and what they rejected), of the agents,
 * and of accepted authorities.  Observations are made afresh, invites have expired, and
 * the journal stays with the state that was lost.
 */
#ifndef STATE_STATE_COPY_H
#define STATE_STATE_COPY_H

#include "base/arena.h"
#include "base/err.h"
#include "state/backend.h"

#include <stdbool.h>
#include <stddef.h>

struct state;

/* The carried records, sorted by key: public JSON objects. */
MUST_CHECK bool state_carried(struct state *s, struct arena *a, struct stored_record **out,
			      size_t *count, struct err *e);

#endif
