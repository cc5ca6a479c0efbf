/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/files.h"

#include "place/activate.h"
#include "place/place.h"

static const struct install *paths(const struct job *j)
{
	return &j->component->deliver.files;
}

static bool probe(struct job *j, struct err *e)
{
	struct place_seen seen = { 0 };

	(void)e;
	place_probe(paths(j), j->arena, &seen);
	j->answer = (struct probe_answer){
		.online = true,
		.installed = seen.installed,
		.chain = seen.chain,
		.damage = seen.damage,
		.staged = seen.staged,
		.unwritable = seen.unwritable,
		.error = seen.error,
	};
	return true;
}

static bool stage(struct job *j, struct err *e)
{
	const struct place_pair pair = { .fingerprint = j->fingerprint,
					 .set = j->set,
					 .key = j->key };

	return place_stage(paths(j), &pair, e);
}

static bool commit(struct job *j, struct err *e)
{
	return place_commit(paths(j), j->fingerprint, j->replaces, e);
}

static bool abort_staged(struct job *j, struct err *e)
{
	return place_abort(paths(j), j->fingerprint, e);
}

static bool activate(struct job *j, struct err *e)
{
	const struct activation_order order = {
		.how = &j->component->activate,
		.component = j->component->name,
		.fingerprint = j->fingerprint,
		.directory = j->directory,
	};

	return place_activate(&order, e);
}

static bool revert(struct job *j, struct err *e)
{
	return place_revert(paths(j), j->fingerprint, e);
}

static bool remove_all(struct job *j, struct err *e)
{
	return place_remove(paths(j), e);
}

static bool read_installed(struct job *j, struct err *e)
{
	return place_read(paths(j), j->arena, j->found, j->found_key, e);
}

const struct driver files_driver = {
	.verbs = {
		[DRIVER_PROBE] = probe,
		[DRIVER_STAGE] = stage,
		[DRIVER_COMMIT] = commit,
		[DRIVER_ABORT] = abort_staged,
		[DRIVER_ACTIVATE] = activate,
		[DRIVER_REVERT] = revert,
		[DRIVER_REMOVE] = remove_all,
		[DRIVER_READ] = read_installed,
	},
};
