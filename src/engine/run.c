/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "engine/internal.h"
#include "engine/pairs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct component *run_component(const struct run *r, const struct step *s)
{
	const struct component *c = fleet_component(r->en->fleet, s->component);

	assert(c);
	return c;
}

struct component_seen *run_seen(struct run *r, const char *component)
{
	struct component_seen *seen =
		text_find(component, r->components, r->component_count, sizeof(*r->components));

	assert(seen);
	return seen;
}

void run_index_processes(struct run *r)
{
	const struct plan *p = r->plan;
	const char **names = arena_array(&r->arena, p->step_count, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].process)
			names[count++] = p->steps[i].process;
	r->processes = stepped_sorted(names, count);
	r->process_changed =
		arena_array(&r->arena, r->processes.count, sizeof(*r->process_changed));
}

/* NULL: no step of the plan is of the process. */
static bool *run_process_changed(const struct run *r, const char *process)
{
	const char **found = text_find(process, r->processes.names, r->processes.count,
				       sizeof(*r->processes.names));

	return found ? &r->process_changed[found - r->processes.names] : NULL;
}

void run_set_changed(struct run *r, size_t number, bool changed)
{
	const char *process = r->plan->steps[number].process;

	r->changed[number] = changed;
	if (changed && process)
		*run_process_changed(r, process) = true;
}

bool run_has_changed(const struct run *r, const char *process)
{
	const bool *changed = process ? run_process_changed(r, process) : NULL;

	return changed && *changed;
}

/* Expired generations leave the list, which keeps it short. */
static void without_rejected(struct run *r, struct component_seen *seen, const char *fingerprint,
			     size_t room)
{
	const char **list = arena_array(&r->arena, seen->rejected_count + room, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < seen->rejected_count; i++) {
		const struct generation *g =
			snapshot_generation(r->order->snapshot, seen->rejected[i]);
		bool ended = g && g->not_after < r->record.started;

		if (!ended && strcmp(seen->rejected[i], fingerprint) != 0)
			list[count++] = seen->rejected[i];
	}
	seen->rejected = list;
	seen->rejected_count = count;
}

void run_reject(struct run *r, struct component_seen *seen, const char *fingerprint)
{
	const char **list = NULL;

	without_rejected(r, seen, fingerprint, 1);
	list = (const char **)seen->rejected;
	list[seen->rejected_count++] = fingerprint;
	qsort(list, seen->rejected_count, sizeof(*list), text_compare);
}

void run_unreject(struct run *r, struct component_seen *seen, const char *fingerprint)
{
	without_rejected(r, seen, fingerprint, 0);
}

void run_accept(struct run *r, struct component_seen *seen, const char *fingerprint)
{
	const char *signalled = r->signalled[seen - r->components];

	seen->last_error = NULL;
	if (signalled)
		seen->proven = signalled;
	seen->replaced = NULL;
	seen->rollback = ROLLBACK_NONE;
	run_unreject(r, seen, fingerprint);
}

/*
 * Newest generation this run issued or imported for an owner; pairs found on
 * components do not count.
 */
static const struct made *find_made(const struct run *r, enum generation_of of, const char *owner)
{
	const struct made *found = NULL;

	vec_each (m, &r->made) {
		if (m->generation.of == of && m->generation.source != SOURCE_FOUND &&
		    !strcmp(m->owner, owner))
			found = m;
	}
	return found;
}

unsigned run_next_number(const struct run *r, enum generation_of of, const char *owner)
{
	unsigned next = snapshot_next_number(r->order->snapshot, of, owner);

	vec_each (m, &r->made) {
		if (m->generation.of == of && m->generation.number >= next &&
		    !strcmp(m->owner, owner))
			next = m->generation.number + 1;
	}
	return next;
}

const char *run_fingerprint(const struct run *r, const struct step *s)
{
	enum generation_of of = s->kind == STEP_CREATE_ISSUER || s->kind == STEP_PUBLISH
					? OF_ISSUER
					: OF_CERTIFICATE;
	const struct component *c =
		s->component ? fleet_component(r->en->fleet, s->component) : NULL;
	const struct made *made =
		s->generation || !s->certificate ? NULL : find_made(r, of, s->certificate);

	if (c && c->certificate->builtin)
		return BUILTIN_PAIR;
	return made ? made->generation.fingerprint : s->generation;
}

const char *run_replaced(const struct run *r, const struct step *s)
{
	const struct component_seen *before = snapshot_component(r->order->snapshot, s->component);

	return before && before->rollback == ROLLBACK_BEGUN && before->replaced ? before->replaced
										: s->replaces;
}

const struct generation *run_authority(const struct run *r, const char *issuer)
{
	const struct made *made = find_made(r, OF_ISSUER, issuer);

	return made ? &made->generation : snapshot_newest(r->order->snapshot, OF_ISSUER, issuer);
}

static struct made *find_made_as(struct run *r, const char *fingerprint)
{
	vec_each (m, &r->made) {
		if (!strcmp(m->generation.fingerprint, fingerprint))
			return m;
	}
	return NULL;
}

const struct generation *run_generation(struct run *r, const char *fingerprint)
{
	const struct made *made = find_made_as(r, fingerprint);

	return made ? &made->generation : snapshot_generation(r->order->snapshot, fingerprint);
}

bool run_certificates(struct run *r, const char *fingerprint, struct generation *g,
		      struct cert_set *set, struct err *e)
{
	const struct made *made = find_made_as(r, fingerprint);
	const struct generation *known = run_generation(r, fingerprint);

	if (!known)
		return err_set(e, ERR_MISSING, "the state has no generation %.12s", fingerprint);
	*g = *known;
	if (!made)
		return stored_certificates(r->en->state, known, &r->arena, set, e);
	*set = made->set;
	return true;
}
