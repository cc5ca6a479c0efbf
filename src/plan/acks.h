/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the user accepts: CODE for all it is about, or CODE:T.  T has to
 * exist; an ack that meets nothing there is fine.  Internal to plan/.
 */
#ifndef PLAN_ACKS_H
#define PLAN_ACKS_H

#include "base/err.h"
#include "plan/builder.h"

#include <stdbool.h>

/* ERR_USAGE for a code that is none, or that cannot be acknowledged. */
MUST_CHECK bool acks_read(struct plan_builder *d, struct err *e);
/*
 * ERR_USAGE for a T that neither the fleet file nor a precondition names, and
 * what was probably meant.  After the preconditions are found.
 */
MUST_CHECK bool acks_check(struct plan_builder *d, struct err *e);
/* Whether `acks` of one code cover what is shown as `name`. */
bool acks_cover(struct targets *acks, const char *name, const struct subject *subject);

#endif
