/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which authorities and certificates are new.  Internal to plan/.
 *
 * An issuer keeps its newest authority.  A new one is made when there is
 * none, when what was asked of it changed, or when it has ended; then its
 * certificates are issued again.
 *
 * A certificate keeps its newest generation when that was issued for exactly
 * what the fleet file asks, is not due for renewal, and was signed by the
 * authority that its issuer keeps.  Else, or when --reissue names it, this
 * plan issues one: a generation that another one replaced never comes back by
 * itself, and neither does its key.  A generation that has its key but no
 * leaf yet is finished by that step.  A renewal that could not end later than
 * what it replaces, because the issuer ends, is not planned.
 *
 * An import is desired as it is on disk.  When the state does not have that
 * leaf with that chain it is imported; when it is not there, the newest
 * import that the state has stays desired.
 *
 * Certificates without components are issued and renewed all the same: the
 * user asked for them.
 */
#ifndef PLAN_DIFF_H
#define PLAN_DIFF_H

#include "base/err.h"
#include "plan/builder.h"

#include <stdbool.h>
#include <stdint.h>

void diff_issuers(struct plan_builder *d);
/* When the authority ends that an issuer has after this plan. */
int64_t issuer_end(const struct plan_builder *d, const struct issuer_build *i);
/* ERR_INPUT when an import is invalid, or missing and never seen before. */
MUST_CHECK bool diff_certificates(struct plan_builder *d, struct err *e);

#endif
