/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hand-offs: components whose pair a person imports.  Internal to plan/.
 *
 * What the product holds cannot be seen.  The pair counts as handed over when the port
 * serves it, or when --handed-over says so of the very pair that was written for it;
 * until then it awaits the person: it is staged, and nothing more.  A component awaits
 * for others too: for all of a certificate that is committed all-first, and for those of
 * the same certificate in roles `after` its own.  These are staged as well.
 *
 * The commit of what was handed over records that, and lets the file go.
 */
#ifndef PLAN_AWAITED_H
#define PLAN_AWAITED_H

#include "base/err.h"
#include "model/drift.h"
#include "plan/builder.h"

#include <stdbool.h>

/* Reads --handed-over. */
MUST_CHECK bool awaited_read(struct plan_builder *d, struct err *e);
/* ERR_USAGE: --handed-over names what does not wait for it. */
MUST_CHECK bool awaited_check(struct plan_builder *d, struct err *e);
/* What a component of this driver needs, where another one would need `need`. */
struct need awaited_need(struct plan_builder *d, struct component_build *c, enum drift served,
			 struct need need);
/* Why, of such a component that is written. */
const char *awaited_reason(struct plan_builder *d, const struct component_build *c);
/* Who waits for a person: sets `held`, once it is known what is left out. */
void awaited_hold(struct plan_builder *d);

/* Whether the pair of the certificate is to be written to its `export`. */
bool certificate_exports(const struct plan_builder *d, const struct certificate_build *c);

#endif
