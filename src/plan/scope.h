/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plan is about.  Without --target everything is.  With it: the
 * components that were meant, the certificates they use or that were named,
 * and the issuers of those.  What left the fleet file is only forgotten when
 * it is named itself.  Internal to plan/.
 */
#ifndef PLAN_SCOPE_H
#define PLAN_SCOPE_H

#include "base/err.h"
#include "plan/builder.h"

#include <stdbool.h>

/* ERR_USAGE when a target or a certificate to issue again is not there. */
MUST_CHECK bool scope_apply(struct plan_builder *d, struct err *e);
/*
 * Whether each of `ts` that has met nothing yet names something of the fleet
 * file, or a component that the state remembers; certificates and issuers
 * also by their bare names.  Marks them as used.  ERR_USAGE names the first
 * that does not, and what was probably meant.
 */
MUST_CHECK bool scope_knows(struct plan_builder *d, struct targets *ts, struct err *e);

#endif
