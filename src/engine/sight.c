/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "engine/inside.h"

#include <stdlib.h>
#include <string.h>

/* ---- what was rolled back ---- */

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The list without `fingerprint`, with room for one more. */
static const char **others(const struct component_seen *seen,
			   const char *fingerprint, struct arena *a,
			   size_t *count)
{
	const char **list =
		arena_array(a, seen->rejected_count + 1, sizeof(*list));

	*count = 0;
	for (size_t i = 0; i < seen->rejected_count; i++)
		if (strcmp(seen->rejected[i], fingerprint) != 0)
			list[(*count)++] = seen->rejected[i];
	return list;
}

void sight_reject(struct run *r, struct component_seen *seen,
		  const char *fingerprint)
{
	size_t count = 0;
	const char **list = others(seen, fingerprint, &r->arena, &count);

	list[count++] = fingerprint;
	qsort(list, count, sizeof(*list), compare_text);
	seen->rejected = list;
	seen->rejected_count = count;
}

void sight_accept(struct run *r, struct component_seen *seen,
		  const char *fingerprint)
{
	if (!seen->rejected_count || !fingerprint)
		return;
	seen->rejected =
		others(seen, fingerprint, &r->arena, &seen->rejected_count);
}

/* ---- what is installed and served ---- */

void sight_install(struct run *r, struct component_seen *seen,
		   const char *fingerprint)
{
	const struct generation *g = run_generation(r, fingerprint);

	seen->installed = fingerprint;
	seen->chain = g ? g->chain : NULL;
	seen->damage = NULL;
}

void sight_serve(struct run *r, struct component_seen *seen,
		 const struct proof *p)
{
	seen->served = p->served;
	seen->served_not_after = p->not_after;
	seen->evidence = p->served ? EVIDENCE_HANDSHAKE : EVIDENCE_NONE;
	seen->error = p->served || !p->error.code
			      ? NULL
			      : arena_strdup(&r->arena, p->error.text);
}

/* A component that left the fleet file must not come back this way. */
static size_t still_there(const struct run *r, struct component_seen *out)
{
	size_t count = 0;

	for (size_t i = 0; i < r->component_count; i++)
		if (fleet_component(r->en->fleet, r->components[i].name))
			out[count++] = r->components[i];
	return count;
}

void sight_record(struct run *r)
{
	AUTO(arena) a = { 0 };
	struct component_seen *list =
		arena_array(&a, r->component_count, sizeof(*list));
	int64_t now = clock_now();
	struct err e = { 0 };

	for (size_t i = 0; i < r->plan->step_count; i++) {
		const struct step *s = &r->plan->steps[i];
		bool done = r->progress[i] == STEP_SUCCEEDED ||
			    r->progress[i] == STEP_TAKEN_BACK;

		if (done && s->component && s->kind != STEP_RETIRE)
			run_seen(r, s->component)->observed_at = now;
	}
	if (!state_observe(r->en->state, list, still_there(r, list), &e))
		engine_note(r->en, "warning: cannot record what was seen: %s",
			    e.text);
}
