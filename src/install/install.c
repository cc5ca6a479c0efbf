/* SPDX-License-Identifier: Apache-2.0 */
#include "install/install.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/stop.h"
#include "install/here.h"
#include "install/installed_pair.h"
#include "pki/foreign.h"

#include <stdlib.h>

/* A job that is under way. */
struct installing {
	struct install_job *job;
	struct here here;
	struct install_decision decision;
};

/* A stop begins nothing more, but what goes back goes on. */
static bool is_stopped(const struct install_order *o, struct err *e)
{
	return o->verb != INSTALL_ABORT && o->verb != INSTALL_REVERT && !stop_permits(e);
}

static void look_at_job(void *ctx, size_t index)
{
	struct installing *n = &((struct installing *)ctx)[index];
	struct install_job *j = n->job;

	j->error = (struct err){ 0 };
	j->done = !is_stopped(&j->order, &j->error) &&
		  here_look(&n->here, j->install, &j->order, &j->error);
}

/* What was read is untrusted; decoding it together turns many decoder runs into one. */
static void learn_jobs(const struct installing *list, size_t count)
{
	AUTO(prospects) all = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct install_view *v = &list[i].here.view;

		if (!list[i].job->done)
			continue;

		const struct pair_status seen = pair_status_of(&v->layout, &v->seen);

		installed_pair_prospect(&seen, v->arena, &all);
		vec_each (version, &v->stores[0].versions.list) {
			if (!version->files)
				continue;

			const struct pair_status kept = pair_status_of(&v->layout, version->files);

			installed_pair_prospect(&kept, v->arena, &all);
		}
	}
	foreign_learn(all.items, all.count);
}

static void decide_job(struct installing *n)
{
	struct install_job *j = n->job;

	if (j->order.verb == INSTALL_PROBE && j->error.code != ERR_STOPPED) {
		if (j->done)
			view_observe(&n->here.view, j->arena, j->seen);
		else
			*j->seen = (struct observation){ .error = arena_strdup(j->arena,
									       j->error.text) };
		j->done = true;
	} else if (j->done && j->order.verb == INSTALL_READ) {
		j->done = view_read_pair(&n->here.view, j->arena, j->found, j->key, &j->error);
	} else if (j->done) {
		j->done = install_decide(&n->here.view, &j->order, &n->decision, &j->error);
	}
}

static void execute_job(void *ctx, size_t index)
{
	struct installing *n = &((struct installing *)ctx)[index];

	if (n->job->done)
		n->job->done = here_execute(&n->here, &n->decision, &n->job->error);
}

void install_run(struct install_job *jobs, size_t count)
{
	struct installing *list = xcalloc(INSTALL_AT_ONCE, sizeof(*list));

	for (size_t i = 0; i < count; i += INSTALL_AT_ONCE) {
		size_t some = count - i < INSTALL_AT_ONCE ? count - i : INSTALL_AT_ONCE;
		bool has_changes = false;

		for (size_t k = 0; k < some; k++)
			list[k] = (struct installing){ .job = &jobs[i + k] };
		/* what is read was mostly read before, so this does not wait for the disk */
		parallel_run(look_at_job, list, some, PARALLEL_COMPUTE);
		learn_jobs(list, some);
		for (size_t k = 0; k < some; k++) {
			decide_job(&list[k]);
			has_changes |= list[k].decision.ops.count != 0;
		}
		if (has_changes)
			parallel_run(execute_job, list, some, PARALLEL_DISK);
		for (size_t k = 0; k < some; k++) {
			install_decision_release(&list[k].decision);
			here_release(&list[k].here);
		}
	}
	free(list);
}

/* ---- one job ---- */

static bool run_one(struct install_job *j, struct err *e)
{
	install_run(j, 1);
	if (!j->done)
		*e = j->error;
	return j->done;
}

void install_probe(const struct install *i, struct arena *a, struct observation *out)
{
	struct install_job j = { i, { .verb = INSTALL_PROBE }, a, .seen = out };

	install_run(&j, 1);
}

bool install_stage(const struct install *i, const struct install_pair *pair, struct err *e)
{
	return run_one(&(struct install_job){ i,
					      { .verb = INSTALL_STAGE,
						.fingerprint = pair->fingerprint,
						.set = pair->set,
						.key = pair->key } },
		       e);
}

bool install_commit(const struct install *i, const char *fingerprint, const char *replaces,
		    struct err *e)
{
	return run_one(&(struct install_job){ i, { INSTALL_COMMIT, fingerprint, replaces } }, e);
}

bool install_abort(const struct install *i, const char *fingerprint, struct err *e)
{
	return run_one(&(struct install_job){ i, { INSTALL_ABORT, fingerprint } }, e);
}

bool install_revert(const struct install *i, const char *fingerprint, struct err *e)
{
	return run_one(&(struct install_job){ i, { INSTALL_REVERT, fingerprint } }, e);
}

bool install_remove(const struct install *i, struct err *e)
{
	return run_one(&(struct install_job){ i, { .verb = INSTALL_REMOVE } }, e);
}

bool install_read(const struct install *i, struct arena *a, struct cert_set *set,
		  struct secret *key, struct err *e)
{
	struct install_job j = { i, { .verb = INSTALL_READ }, a, .found = set, .key = key };

	return run_one(&j, e);
}
