/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/files.h"

#include "base/alloc.h"
#include "base/stop.h"
#include "install/activate.h"
#include "install/install.h"

#include <stdlib.h>

/* What install/ does for a verb; `activate` is a call of its own. */
static const enum install_verb install_verbs[DRIVER_VERB_COUNT] = {
	[DRIVER_PROBE] = INSTALL_PROBE,   [DRIVER_STAGE] = INSTALL_STAGE,
	[DRIVER_COMMIT] = INSTALL_COMMIT, [DRIVER_ABORT] = INSTALL_ABORT,
	[DRIVER_REVERT] = INSTALL_REVERT, [DRIVER_REMOVE] = INSTALL_REMOVE,
	[DRIVER_READ] = INSTALL_READ,
};

struct install_order job_install_order(const struct job *j)
{
	return (struct install_order){ .verb = install_verbs[j->verb],
				       .fingerprint = j->fingerprint,
				       .replaces = j->replaces,
				       .set = j->set,
				       .key = j->key };
}

void files_run(struct job *const *jobs, size_t count)
{
	struct install_job *list = xcalloc(count, sizeof(*list));

	for (size_t i = 0; i < count; i++)
		list[i] = (struct install_job){ .install = &jobs[i]->component->deliver.files,
						.order = job_install_order(jobs[i]),
						.arena = jobs[i]->arena,
						.seen = &jobs[i]->seen,
						.found = jobs[i]->found,
						.key = jobs[i]->parsed_key };
	install_run(list, count);
	for (size_t i = 0; i < count; i++) {
		jobs[i]->seen.online = true;
		jobs[i]->began =
			install_changes(list[i].order.verb) && list[i].error.code != ERR_STOPPED;
		jobs[i]->done = list[i].done;
		if (!list[i].done)
			jobs[i]->error = list[i].error;
	}
	free(list);
}

static struct activation_order files_activation_order(const struct job *j)
{
	return (struct activation_order){
		.how = &j->component->activate,
		.process = j->component->process,
		.component = j->component->name,
		.fingerprint = j->fingerprint,
		.directory = j->directory,
		.records = driver_records(j->private_directory, j->arena),
		.proven = j->proven,
		.accepted = j->accepted,
	};
}

static bool files_activate(struct job *j, struct err *e)
{
	const struct activation_order order = files_activation_order(j);

	return install_activate(&order, j->arena, &j->executable, e);
}

static bool files_supervised(const struct job *j, struct supervised *out)
{
	const struct activation_order order = files_activation_order(j);

	return activate_supervised(&order, j->arena, out);
}

const struct driver files_driver = {
	.calls = { [DRIVER_ACTIVATE] = files_activate },
	.files_verbs = FILES_VERBS,
	.supervised = files_supervised,
};
