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
#include "plan/draft.h"

#include <stdbool.h>

/* ERR_USAGE when a target or a certificate to issue again is not there. */
MUST_CHECK bool scope_apply(struct draft *d, struct err *e);

#endif
