/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Former generations that are used again (--use, model/hold.h).  Internal to plan/.
 *
 * NAME@previous is the issued generation before the newest, whatever is held, so that
 * the option means the same when it is given again; a hold that lasts keeps its end
 * unless --until says another one.
 */
#ifndef PLAN_USE_H
#define PLAN_USE_H

#include "base/err.h"
#include "plan/builder.h"

#include <stdbool.h>

/* Sets the held generation of each certificate; ERR_USAGE names what can be used. */
MUST_CHECK bool uses_read(struct plan_builder *d, struct err *e);
/* Adds `reused-generation` for a certificate with a held generation. */
void use_check(struct plan_builder *d, const struct certificate_build *c);
/* Lists the holds that begin or end, but those of what is left out. */
void uses_plan(struct plan_builder *d, struct plan *p);

#endif
