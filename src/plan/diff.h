/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diff of issuers and certificates: which of them need a new generation.
 * Internal to plan/.
 *
 * An issuer keeps its newest CA.  A new one is made when there is none, when
 * the issuer's request changed, or when the CA has expired; then its
 * certificates are issued again.
 *
 * A certificate keeps its newest generation when that was issued for exactly
 * the request of the fleet file, is not due for renewal, and was signed by the
 * CA that its issuer keeps.  Else, or when --reissue names it, this plan issues
 * one: a replaced generation never comes back by itself, and neither does its
 * key.  A generation that has its key but no leaf yet is finished by that step.
 * The generation that a hold names (model/hold.h) is kept as long as the hold lasts.
 * A renewal that could not end later than the generation it replaces, because
 * the issuer ends, is not planned.
 *
 * An import is desired as it is on disk.  A leaf and chain that the state does
 * not have is imported; when the file is missing or invalid, the newest import in
 * the state stays desired.
 *
 * One that is built in has no generation: see plan/component_steps.h.
 *
 * Certificates without components are issued and renewed all the same: the user
 * asked for them.
 */
#ifndef PLAN_DIFF_H
#define PLAN_DIFF_H

#include "base/err.h"
#include "plan/builder.h"

#include <stdbool.h>
#include <stdint.h>

void diff_issuers(struct plan_builder *d);
/* Expiry of the CA that an issuer has after this plan. */
int64_t issuer_end(const struct plan_builder *d, const struct issuer_build *i);
void diff_certificates(struct plan_builder *d);

#endif
