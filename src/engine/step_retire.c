/* SPDX-License-Identifier: Apache-2.0 */
/* Retire step: removes components that left the fleet file from the state. */
#include "drivers/driver.h"
#include "engine/internal.h"

static bool remove_files(struct run *r, const struct component_seen *seen, struct err *e)
{
	struct arena *a = &r->en->arena; /* outlives the run: cached secrets refer to it */
	struct component gone = { .name = seen->name, .process = seen->name };
	struct job job = { .verb = DRIVER_REMOVE,
			   .component = &gone,
			   .fingerprint = seen->now.installed,
			   .arena = a };

	if (!seen->retire_remove || !seen->deliver)
		return true;
	if (!deliver_from_text(seen->deliver, a, &gone.deliver, e))
		return false;
	drivers_run(r->en->drivers, &job, 1);
	if (!job.done)
		*e = job.error;
	return job.done;
}

void step_retire(struct run *r, struct step_batch *b)
{
	AUTO(change) change = change_new(r->en->state);

	for (size_t i = 0; i < b->count; i++) {
		const char *name = batch_step(r, b, i)->component;
		const struct component_seen *seen = run_seen(r, name);

		/* Some files may be gone although the rest cannot be removed. */
		run_set_changed(r, b->numbers[i], seen->retire_remove);
		if (remove_files(r, seen, &b->errors[i]))
			change_forget_component(change, name);
		else
			err_in(&b->errors[i], "cannot remove the files of '%s'", name);
	}
	batch_record(r, b, change);
}
