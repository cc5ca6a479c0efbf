/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backup step: everything that is about to be staged, and every pair about to
 * be replaced that only the component has, goes into a verified bundle first.
 */
#include "base/clock.h"
#include "drivers/driver.h"
#include "engine/backup.h"
#include "engine/internal.h"
#include "pki/foreign.h"
#include "pki/pair.h"

#include <string.h>

static bool step_backup_is_known(const struct run *r, const char *fingerprint)
{
	vec_each (m, &r->made) {
		if (!strcmp(m->generation.fingerprint, fingerprint))
			return true;
	}
	return snapshot_generation(r->order->snapshot, fingerprint) != NULL;
}

static bool read_installed(struct run *r, const struct component *c, struct pair *out,
			   struct err *e)
{
	struct job job = { .verb = DRIVER_READ,
			   .component = c,
			   .arena = &out->arena,
			   .found = &out->set,
			   .parsed_key = &out->key };

	drivers_run(r->en->drivers, &job, 1);
	if (!job.done)
		*e = job.error;
	return job.done;
}

/* An unknown pair on a component becomes a generation with source found. */
static bool keep_found(struct run *r, const struct step *s, struct err *e)
{
	const struct component *c = run_component(r, s);
	AUTO(pair) pair = { 0 };
	AUTO(change) change = change_new(r->en->state);
	struct made made = { .owner = c->certificate->name };

	if (!read_installed(r, c, &pair, e) ||
	    !foreign_cert(pair.set.certs[0], &pair.arena, &pair.facts, e))
		return false;
	made.generation = generation_of_pair(&pair, &r->arena);
	made.generation.owner = c->certificate->name;
	made.generation.source = SOURCE_FOUND;
	made.generation.number = run_next_number(r, OF_CERTIFICATE, made.owner);
	made.set = cert_set_copy(&pair.set, &r->arena);
	change_generation(change, &made.generation, &made.set);
	if (!change_key(change, made.generation.spki, &pair.key, e) ||
	    !state_commit(r->en->state, change, e))
		return false;
	VEC_PUSH(&r->made, &r->arena, made);
	return true;
}

static void keep_all_found(struct run *r)
{
	for (size_t i = 0; i < r->plan->step_count; i++) {
		const struct step *s = &r->plan->steps[i];
		struct err e = { 0 };

		if (s->kind != STEP_COMMIT || !s->replaces || !*s->replaces ||
		    step_backup_is_known(r, s->replaces) || keep_found(r, s, &e))
			continue;
		/* The old pair stays on the component, beside the new one. */
		engine_note(r->en, "the pair that '%s' has now stays there only: %s", s->component,
			    e.text);
	}
}

void step_backup(struct run *r, struct step_batch *b)
{
	const char *name = NULL;

	keep_all_found(r);
	for (size_t i = 0; i < b->count; i++)
		if (backup_create(r->en, &r->arena, &name, &b->errors[i]))
			engine_note(r->en, "backup '%s' written and read back", name);
}

/* The bundle that a generation is recorded in was lost since the plan was made. */
static const char *find_lost(struct run *r)
{
	AUTO(arena) a = { 0 };
	const char *last = "";

	for (size_t i = 0; i < r->plan->step_count; i++) {
		const struct step *s = &r->plan->steps[i];
		const struct generation *g =
			s->kind == STEP_STAGE && s->generation
				? snapshot_generation(r->order->snapshot, s->generation)
				: NULL;
		const char *flaw = NULL;

		if (!g || !g->bundle || !strcmp(g->bundle, last))
			continue;
		last = g->bundle;
		flaw = backup_flaw(r->en, g->bundle, &a);
		if (flaw)
			return arena_printf(&r->arena, "the bundle '%s' %s", g->bundle, flaw);
	}
	return NULL;
}

bool bundles_confirm(struct run *r, struct err *e)
{
	const char *name = NULL;
	const char *lost = NULL;

	/* what this run has written was read back */
	for (size_t i = 0; i < r->plan->step_count; i++)
		r->bundles_seen |= r->plan->steps[i].kind == STEP_BACKUP;
	if (r->bundles_seen)
		return true;
	r->bundles_seen = true;
	lost = find_lost(r);
	if (!lost)
		return true;
	if (!backup_create(r->en, &r->arena, &name, e) || !backup_copy_all(r->en, r->plan, e))
		return err_in(e, "%s", lost);
	engine_note(r->en, "%s: backup '%s' written and read back", lost, name);
	return true;
}
