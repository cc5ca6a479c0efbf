/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope of a plan.  Without --target, everything.  With it: the components that
 * match, the certificates that they use or that are named, and the issuers of
 * those.  A component that left the fleet file is retired only when it is named
 * itself.  Internal to plan/.
 */
#ifndef PLAN_SCOPE_H
#define PLAN_SCOPE_H

#include "base/err.h"
#include "plan/builder.h"

#include <stdbool.h>

/* Applies --target and --reissue; ERR_USAGE for an unknown name. */
MUST_CHECK bool scope_apply(struct plan_builder *d, struct err *e);
/*
 * Sets ERR_USAGE for the name of a certificate that has nothing in scope: outside of
 * --target, or unknown.  Returns false.
 */
bool scope_refuse_certificate(struct plan_builder *d, const struct plan_target *t, struct err *e);
/*
 * Whether each unused target in `ts` names something in the fleet file, or a
 * component known to the state; certificates and issuers also by their bare
 * names.  Marks them as used.  ERR_USAGE names the first unknown target, with a
 * suggestion.
 */
MUST_CHECK bool scope_knows(struct plan_builder *d, struct targets *ts, struct err *e);

#endif
