/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acknowledgements (--ack, and `acknowledge` in the fleet file): CODE for all its subjects, or
 * CODE:T.  T has to exist; an ack that matches no precondition is fine.  Internal to plan/.
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
/*
 * Whether a precondition shown as `name` is acknowledged on the command line; by
 * `acknowledge` in the fleet file, as long as that holds.
 */
bool acks_given(struct plan_builder *d, enum code code, const char *name,
		const struct subject *subject);
bool acks_stand(struct plan_builder *d, enum code code, const char *name,
		const struct subject *subject);
/* Adds `acknowledge-ended` for each in the fleet file whose date is past. */
void acks_check_standing(struct plan_builder *d);

#endif
