/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acknowledgements (--ack): CODE for all its subjects, or CODE:T.  T has to
 * exist; an ack that matches no precondition is fine.  Internal to plan/.
 */
#ifndef PLAN_ACKS_H
#define PLAN_ACKS_H

#include "base/err.h"
#include "plan/builder.h"

#include <stdbool.h>

/* Parses the acks; ERR_USAGE for an unknown code, or one that cannot be acknowledged. */
MUST_CHECK bool acks_read(struct plan_builder *d, struct err *e);
/*
 * Checks every T, after the preconditions are found; ERR_USAGE for a T that
 * neither the fleet file nor a precondition names, with a suggestion.
 */
MUST_CHECK bool acks_check(struct plan_builder *d, struct err *e);
/* Whether `acks` of one code cover a precondition shown as `name`. */
bool acks_cover(struct targets *acks, const char *name, const struct subject *subject);

#endif
