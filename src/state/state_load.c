/* SPDX-License-Identifier: Apache-2.0 */
/* Reading for the snapshot: generations and components. */
#include "state/records.h"
#include "state/state_internal.h"

#include <stdlib.h>
#include <string.h>

struct load_list {
	struct stored_record *records;
	size_t count;
};

static bool state_load_list(struct state *s, const char *prefix, struct arena *a,
			    struct load_list *out, struct err *e)
{
	return s->backend->ops->list(s->backend, prefix, a, &out->records, &out->count, e);
}

/* ---- generations ---- */

static int state_load_by_owner(const void *x, const void *y)
{
	const struct generation *a = x;
	const struct generation *b = y;
	int owners = strcmp(a->owner, b->owner);

	if (a->of != b->of)
		return a->of < b->of ? -1 : 1;
	if (owners != 0)
		return owners;
	return (a->number > b->number) - (a->number < b->number);
}

bool state_generations(struct state *s, struct arena *a, const struct generation **out,
		       size_t *count, struct err *e)
{
	AUTO(arena) own = { 0 };
	struct load_list found = { 0 };

	if (!state_load_list(s, GENERATION_PREFIX, &own, &found, e))
		return false;

	struct generation *all = arena_array(a, found.count, sizeof(*all));

	for (size_t i = 0; i < found.count; i++)
		if (!generation_read(&found.records[i], a, &all[i], e))
			return false;
	/* keys sort differently from names because of '%', '-' and '/' */
	if (found.count)
		qsort(all, found.count, sizeof(*all), state_load_by_owner);
	*out = all;
	*count = found.count;
	return true;
}

bool state_certificates(struct state *s, const struct generation *g, struct arena *a,
			struct cert_set *out, struct err *e)
{
	AUTO(arena) own = { 0 };
	struct stored_record r = { 0 };

	*out = (struct cert_set){ 0 };
	if (g->pending)
		return true;
	if (!s->backend->ops->get(s->backend, certificates_key(&own, g), &own, &r, e))
		return false;
	return certificates_read(&r, a, out, e);
}

bool state_generation_record(struct state *s, const struct generation *g, struct arena *a,
			     const char **json, struct err *e)
{
	AUTO(arena) own = { 0 };
	struct stored_record r = { 0 };

	if (!s->backend->ops->get(s->backend, generation_key(&own, g), a, &r, e))
		return false;
	*json = r.value;
	return true;
}

/* ---- components ---- */

static int state_load_by_name(const void *x, const void *y)
{
	const struct component_seen *a = x;
	const struct component_seen *b = y;

	return strcmp(a->name, b->name);
}

/* Joins the two records of each component; returns the number of components, or -1. */
static ssize_t state_load_join(const struct load_list *components,
			       const struct load_list *observations, struct arena *a,
			       struct component_seen *all, struct err *e)
{
	size_t i = 0;
	size_t k = 0;
	ssize_t count = 0;

	while (i < components->count || k < observations->count) {
		int order = i == components->count ? 1 : -1;

		/* both lists are sorted by the same encoded names */
		if (i < components->count && k < observations->count)
			order = strcmp(components->records[i].key + strlen(COMPONENT_PREFIX),
				       observations->records[k].key + strlen(OBSERVATION_PREFIX));

		if (order >= 0 && !observation_read(&observations->records[k++], a, &all[count], e))
			return -1;
		if (order <= 0 && !component_read(&components->records[i++], a, &all[count], e))
			return -1;
		count++;
	}
	return count;
}

bool state_components(struct state *s, struct arena *a, const struct component_seen **out,
		      size_t *count, struct err *e)
{
	AUTO(arena) own = { 0 };
	struct load_list components = { 0 };
	struct load_list observations = { 0 };

	if (!state_load_list(s, COMPONENT_PREFIX, &own, &components, e) ||
	    !state_load_list(s, OBSERVATION_PREFIX, &own, &observations, e))
		return false;

	struct component_seen *all =
		arena_array(a, components.count + observations.count, sizeof(*all));
	ssize_t joined = state_load_join(&components, &observations, a, all, e);

	if (joined < 0)
		return false;
	if (joined > 0)
		qsort(all, (size_t)joined, sizeof(*all), state_load_by_name);
	*out = all;
	*count = (size_t)joined;
	return true;
}

bool state_observe(struct state *s, const struct component_seen *seen, size_t count, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct record_write *writes = arena_array(&a, count, sizeof(*writes));
	struct transaction t = { .writes = writes, .write_count = count };
	int64_t revision = 0;

	for (size_t i = 0; i < count; i++)
		writes[i] = (struct record_write){
			.key = record_key(&a, OBSERVATION_PREFIX, seen[i].name),
			.value = observation_encode(&seen[i], &a),
		};
	if (count == 0)
		return true;
	return s->backend->ops->transact(s->backend, &t, &revision, e);
}
