/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan whose desired generations are those of a bundle (--from-backup).  Internal to
 * plan/.
 *
 * Nothing is issued and no authority is made.  What the bundle does not have is out of
 * scope, as with --target, and so are components that left the fleet file.
 */
#ifndef PLAN_FROM_BACKUP_H
#define PLAN_FROM_BACKUP_H

#include "plan/builder.h"

/* Narrows the scope to what the bundle has; without a bundle nothing happens. */
void from_backup_scope(struct plan_builder *d);
/* Adds `expired-in-backup`, `ends-soon` and `not-in-backup`. */
void from_backup_check(struct plan_builder *d);

#endif
