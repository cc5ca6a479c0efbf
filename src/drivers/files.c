/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/files.h"

#include "base/alloc.h"
#include "install/activate.h"
#include "install/install.h"

#include <stdlib.h>

static const struct install *paths(const struct job *j)
{
	return &j->component->deliver.files;
}

bool files_probe(struct job *j, struct err *e)
{
	(void)e;
	install_probe(paths(j), j->arena, &j->seen);
	j->seen.online = true;
	j->done = true;
	return true;
}

static void files_probe_all(struct job *const *jobs, size_t count)
{
	const struct install **list = xcalloc(count, sizeof(*list));
	struct observation *seen = xcalloc(count, sizeof(*seen));

	for (size_t i = 0; i < count; i++)
		list[i] = paths(jobs[i]);
	install_probe_all(list, count, jobs[0]->arena, seen);
	for (size_t i = 0; i < count; i++) {
		jobs[i]->seen = seen[i];
		jobs[i]->seen.online = true;
		jobs[i]->done = true;
	}
	free(list);
	free(seen);
}

bool files_stage(struct job *j, struct err *e)
{
	const struct install_pair pair = { .fingerprint = j->fingerprint,
					   .set = j->set,
					   .key = j->key };

	return install_stage(paths(j), &pair, e);
}

bool files_commit(struct job *j, struct err *e)
{
	return install_commit(paths(j), j->fingerprint, j->replaces, e);
}

bool files_abort(struct job *j, struct err *e)
{
	return install_abort(paths(j), j->fingerprint, e);
}

static bool files_activate(struct job *j, struct err *e)
{
	const struct activation_order order = {
		.how = &j->component->activate,
		.component = j->component->name,
		.fingerprint = j->fingerprint,
		.directory = j->directory,
		.proven = j->proven,
		.accepted = j->accepted,
	};

	return install_activate(&order, j->arena, &j->executable, e);
}

bool files_revert(struct job *j, struct err *e)
{
	return install_revert(paths(j), j->fingerprint, e);
}

bool files_remove(struct job *j, struct err *e)
{
	return install_remove(paths(j), e);
}

bool files_read(struct job *j, struct err *e)
{
	return install_read(paths(j), j->arena, j->found, j->parsed_key, e);
}

const struct driver files_driver = {
	.probe_all = files_probe_all,
	.verbs = {
		[DRIVER_PROBE] = files_probe,
		[DRIVER_STAGE] = files_stage,
		[DRIVER_COMMIT] = files_commit,
		[DRIVER_ABORT] = files_abort,
		[DRIVER_ACTIVATE] = files_activate,
		[DRIVER_REVERT] = files_revert,
		[DRIVER_REMOVE] = files_remove,
		[DRIVER_READ] = files_read,
	},
};
