/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copy steps: what the state relies on goes to the copies before anything is
 * staged.  A failure that is acknowledged is told, and tried again by the next
 * apply.
 */
#include "engine/backup.h"
#include "engine/internal.h"

#include <string.h>

static const struct backup_copy *find_copy(const struct fleet *f, const char *name)
{
	const struct backup_copy *c = f->backup.copies;

	while (strcmp(c->name, name) != 0)
		c++;
	return c;
}

void step_copy(struct run *r, struct step_batch *b)
{
	const struct backup_copy **copies = arena_array(&r->arena, b->count, sizeof(*copies));

	for (size_t i = 0; i < b->count; i++)
		copies[i] = find_copy(r->en->fleet, batch_step(r, b, i)->copy);
	backup_put_copies(r->en, &(struct backup_copies){ copies, b->errors, b->count });
	for (size_t i = 0; i < b->count; i++) {
		struct err *error = &b->errors[i];

		if (error->code != ERR_NONE &&
		    copy_failure_is_accepted(r->en, r->plan, copies[i], error))
			*error = (struct err){ 0 };
	}
}
