/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle as the source of the desired generations: what it holds, and its pairs. */
#include "base/alloc.h"
#include "base/vec.h"
#include "bundle/bundle.h"
#include "engine/backup.h"
#include "engine/internal.h"
#include "engine/observe.h"
#include "model/client_view.h"
#include "pki/pair.h"
#include "state/state_copy.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct backup_source {
	struct bundle bundle;
	const char *name; /* in the bundle's arena */
};

void engine_from_backup(struct engine *en, struct bundle *taken, const char *name)
{
	engine_forget_source(en);
	en->source = xcalloc(1, sizeof(*en->source));
	en->source->bundle = TAKE(*taken);
	en->source->name = arena_strdup(&en->source->bundle.arena, name);
}

bool engine_presume_backup(struct engine *en, struct err *e)
{
	return !en->source || en->state || restore_presume(en, &en->source->bundle, e);
}

bool engine_restore_backup(struct engine *en, const char *holder, struct err *e)
{
	const struct restore_order order = { .holder = holder };
	struct restored done = { 0 };

	if (!restore_state(en, &en->source->bundle, &order, &done, e))
		return false;
	if (done.newer >= 0)
		return err_set(e, ERR_STALE,
			       "a state appeared in '%s' since the plan was made; plan again",
			       en->fleet->state.path);
	engine_note(en, "the state is restored from the bundle, serial %" PRId64, done.serial);
	return true;
}

void engine_forget_source(struct engine *en)
{
	if (en->source)
		bundle_release(&en->source->bundle);
	free(en->source);
	en->source = NULL;
}

/* Items stand by kind, certificates first, and name. */
static int compare_item(const void *certificate, const void *item)
{
	const struct bundle_item *i = item;

	return i->is_issuer ? -1 : strcmp(certificate, i->name);
}

/*
 * The newest pair of a certificate that was issued or imported, which stands behind
 * those that were found; NULL: none.
 */
static const struct bundle_item *newest_item(const struct bundle *b, const char *certificate)
{
	const struct bundle_item *newest = NULL;

	for (size_t i = sorted_first(certificate, b->items, b->item_count, sizeof(*b->items),
				     compare_item);
	     i < b->item_count && !compare_item(certificate, &b->items[i]); i++)
		if (*b->items[i].fingerprint &&
		    strcmp(b->items[i].source, source_names[SOURCE_FOUND]) != 0)
			newest = &b->items[i];
	return newest;
}

static const struct bundle_item *item_of(const struct bundle *b, const struct certificate *c)
{
	const struct bundle_item *item = newest_item(b, c->name);

	return item || !c->was ? item : newest_item(b, c->was);
}

static bool item_generation(const struct bundle_item *item, const struct certificate *c,
			    struct arena *a, struct generation *out, struct err *e)
{
	const struct generation due = bundle_generation(item);

	if (!copied_generation(item->record, &due, a, out, e))
		return err_in(e, "the bundle");
	out->owner = c->name;
	out->bundle = NULL;
	out->held_until = 0;
	out->held_request = NULL;
	return true;
}

bool observe_source(struct engine *en, struct snapshot *s, struct err *e)
{
	const struct fleet *f = en->fleet;
	struct source_bundle *source = NULL;
	VEC(struct generation) list = { 0 };

	if (!en->source)
		return true;
	for (size_t i = 0; i < f->certificate_count; i++) {
		const struct certificate *c = &f->certificates[i];
		const struct bundle_item *item = item_of(&en->source->bundle, c);
		struct generation g = { 0 };
		struct cert_set set = { 0 };

		if (!item)
			continue;
		if (!item_generation(item, c, &s->arena, &g, e) ||
		    !bundle_certificates(&en->source->bundle, item, &s->arena, &set, e))
			return false;
		if (c->import.kind != IMPORT_NONE)
			g.view = client_view_read(en, c, &set, &s->arena);
		VEC_PUSH(&list, &s->arena, g);
	}
	source = ARENA_NEW(&s->arena, struct source_bundle);
	*source = (struct source_bundle){ .name = arena_strdup(&s->arena, en->source->name),
					  .generations = list.items,
					  .count = list.count };
	s->source = source;
	return true;
}

/* Its own number, unless the state gave that to another one. */
static unsigned number_for(const struct run *r, const struct generation *g)
{
	size_t count = 0;
	const struct generation *all =
		snapshot_generations(r->order->snapshot, g->of, g->owner, &count);

	for (size_t i = 0; i < count; i++)
		if (all[i].number == g->number)
			return run_next_number(r, g->of, g->owner);
	return g->number;
}

bool import_from_backup(struct run *r, const struct certificate *c, struct made *made,
			struct secret *key, struct err *e)
{
	const struct bundle_item *item = item_of(&r->en->source->bundle, c);

	if (!item)
		return err_set(e, ERR_STALE, "the bundle no longer has it; plan again");
	made->owner = c->name;
	if (!item_generation(item, c, &r->arena, &made->generation, e) ||
	    !bundle_certificates(&r->en->source->bundle, item, &r->arena, &made->set, e) ||
	    !pem_read_key((const char *)item->key_pem.bytes, item->key_pem.len, key, e))
		return false;
	made->generation.number = number_for(r, &made->generation);
	if (c->import.kind != IMPORT_NONE)
		made->generation.view = client_view_read(r->en, c, &made->set, &r->arena);
	return true;
}
