/* SPDX-License-Identifier: Apache-2.0 */
#include "model/snapshot.h"

#include "base/text.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

const char *const rollback_state_names[ROLLBACK_STATE_COUNT + 1] = {
	[ROLLBACK_NONE] = "none",
	[ROLLBACK_BEGUN] = "begun",
	[ROLLBACK_UNPROVEN] = "unproven",
	[ROLLBACK_PROVEN] = "proven",
};

const char *const source_names[SOURCE_COUNT + 1] = {
	[SOURCE_ISSUED] = "issued",
	[SOURCE_IMPORTED] = "imported",
	[SOURCE_FOUND] = "found",
};

const char *const renamed_kind_names[RENAMED_KIND_COUNT + 1] = {
	[RENAMED_ISSUER] = "issuer",
	[RENAMED_CERTIFICATE] = "certificate",
	[RENAMED_COMPONENT] = "component",
};

void snapshot_release(struct snapshot *s)
{
	arena_release(&s->arena);
	*s = (struct snapshot){ 0 };
}

bool component_is_reverted(const struct component_seen *seen)
{
	return seen->reverted_at ||
	       (seen->activation_due && !strcmp(seen->activation_due, BUILTIN_PAIR));
}

const struct component_seen *snapshot_component(const struct snapshot *s, const char *name)
{
	return text_find(name, s->components, s->component_count, sizeof(*s->components));
}

const struct import_seen *snapshot_import(const struct snapshot *s, const char *certificate)
{
	return text_find(certificate, s->imports, s->import_count, sizeof(*s->imports));
}

const struct publish_seen *snapshot_published(const struct snapshot *s, const char *issuer)
{
	return text_find(issuer, s->published, s->publish_count, sizeof(*s->published));
}

const struct written_file *snapshot_written(const struct snapshot *s, const char *path)
{
	return text_find(path, s->written, s->written_count, sizeof(*s->written));
}

const char *snapshot_trust(const struct snapshot *s, const char *path)
{
	const struct trust_seen *seen =
		text_find(path, s->trusted, s->trusted_count, sizeof(*s->trusted));

	return seen ? seen->digest : NULL;
}

const struct lost_bundle *snapshot_lost(const struct snapshot *s, const char *bundle)
{
	return text_find(bundle, s->lost, s->lost_count, sizeof(*s->lost));
}

/* Generations are in the order of their owners. */
struct owner {
	enum generation_of of;
	const char *name;
};

static int compare_owner(const void *key, const void *item)
{
	const struct owner *o = key;
	const struct generation *g = item;

	return o->of != g->of ? (int)o->of - (int)g->of : strcmp(o->name, g->owner);
}

/* First generation of an owner, or where it would be inserted. */
static const struct generation *snapshot_first_of(const struct snapshot *s, enum generation_of of,
						  const char *owner)
{
	const struct owner key = { of, owner };

	return s->generations + sorted_first(&key, s->generations, s->generation_count,
					     sizeof(*s->generations), compare_owner);
}

static bool belongs(const struct snapshot *s, const struct generation *g, enum generation_of of,
		    const char *owner)
{
	return g < s->generations + s->generation_count && g->of == of && !strcmp(g->owner, owner);
}

const struct generation *snapshot_from_source(const struct snapshot *s, const char *certificate)
{
	const struct owner key = { OF_CERTIFICATE, certificate };
	const struct source_bundle *source = s->source;

	return source && source->count ? bsearch(&key, source->generations, source->count,
						 sizeof(*source->generations), compare_owner)
				       : NULL;
}

const struct generation *snapshot_generations(const struct snapshot *s, enum generation_of of,
					      const char *owner, size_t *count)
{
	const struct generation *first = snapshot_first_of(s, of, owner);

	*count = 0;
	while (belongs(s, first + *count, of, owner))
		++*count;
	return first;
}

const struct generation *snapshot_last_import(const struct snapshot *s, const char *certificate)
{
	const struct import_seen *seen = snapshot_import(s, certificate);
	const char *file = seen ? seen->found.file : NULL;
	const struct generation *same = NULL;

	for (const struct generation *g = snapshot_first_of(s, OF_CERTIFICATE, certificate);
	     file && belongs(s, g, OF_CERTIFICATE, certificate); g++)
		if (!g->pending && g->source == SOURCE_IMPORTED && text_equal(g->file, file))
			same = g;
	return same ? same : snapshot_newest_from(s, certificate, SOURCE_IMPORTED);
}

/* One of them may not know its chain. */
static bool is_same_pair(const struct generation *known, const struct generation *found)
{
	return !known->pending && known->source == SOURCE_IMPORTED &&
	       !strcmp(known->fingerprint, found->fingerprint) &&
	       (!known->chain || !found->chain || !strcmp(known->chain, found->chain));
}

const struct generation *snapshot_same_import(const struct snapshot *s, const char *certificate,
					      const struct generation *found)
{
	const struct generation *same = NULL;

	for (const struct generation *g = snapshot_first_of(s, OF_CERTIFICATE, certificate);
	     belongs(s, g, OF_CERTIFICATE, certificate); g++)
		if (is_same_pair(g, found))
			same = g;
	return same;
}

const struct generation *snapshot_newest_from(const struct snapshot *s, const char *certificate,
					      enum generation_source source)
{
	const struct generation *newest = NULL;

	for (const struct generation *g = snapshot_first_of(s, OF_CERTIFICATE, certificate);
	     belongs(s, g, OF_CERTIFICATE, certificate); g++)
		if (!g->pending && g->source == source)
			newest = g;
	return newest;
}

const struct generation *snapshot_newest(const struct snapshot *s, enum generation_of of,
					 const char *owner)
{
	const struct generation *newest = NULL;

	for (const struct generation *g = snapshot_first_of(s, of, owner); belongs(s, g, of, owner);
	     g++)
		if (!g->pending && g->source != SOURCE_FOUND)
			newest = g;
	return newest;
}

const struct generation *snapshot_pending(const struct snapshot *s, enum generation_of of,
					  const char *owner)
{
	for (const struct generation *g = snapshot_first_of(s, of, owner); belongs(s, g, of, owner);
	     g++)
		if (g->pending)
			return g;
	return NULL;
}

unsigned snapshot_next_number(const struct snapshot *s, enum generation_of of, const char *owner)
{
	unsigned highest = 0;

	for (const struct generation *g = snapshot_first_of(s, of, owner); belongs(s, g, of, owner);
	     g++)
		highest = g->number;
	return highest + 1;
}

const struct generation *snapshot_generation(const struct snapshot *s, const char *fingerprint)
{
	const struct generation *newest = NULL;

	for (size_t i = 0; i < s->generation_count; i++) {
		const struct generation *g = &s->generations[i];

		if (strcmp(g->fingerprint, fingerprint) == 0 &&
		    (!newest || g->source != SOURCE_FOUND))
			newest = g;
	}
	return newest;
}
