/* SPDX-License-Identifier: Apache-2.0 */
/* Removal of old bundles. */
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "engine/backup.h"
#include "engine/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A sorted set of texts. */
struct text_set {
	VEC(const char *) list;
};

struct pruning {
	struct engine *en;
	struct arena arena;
	int64_t now;
	struct text_set in_use; /* fingerprints that are installed or served */
	struct text_set held;   /* SPKI hashes of the keys in bundles that stay */
	bool kept_read;         /* those of the bundles that `keep` keeps are among them */
};

static void pruning_release(struct pruning *p)
{
	arena_release(&p->arena);
}
AUTO_STRUCT(pruning, struct pruning, pruning_release)

static void text_set_add(struct text_set *set, struct arena *a, const char *text)
{
	if (text && *text)
		VEC_PUSH(&set->list, a, arena_strdup(a, text));
}

static void text_set_sort(struct text_set *set)
{
	if (set->list.count)
		qsort(set->list.items, set->list.count, sizeof(*set->list.items), text_compare);
}

static bool text_set_has(const struct text_set *set, const char *text)
{
	return text_find(text, set->list.items, set->list.count, sizeof(*set->list.items)) != NULL;
}

static bool find_in_use(struct pruning *p, struct err *e)
{
	const struct component_seen *seen = NULL;
	size_t count = 0;

	if (!state_components(p->en->state, &p->arena, &seen, &count, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		text_set_add(&p->in_use, &p->arena, seen[i].now.installed);
		text_set_add(&p->in_use, &p->arena, seen[i].now.served);
	}
	text_set_sort(&p->in_use);
	return true;
}

static void hold_keys(struct pruning *p, const struct bundle *b)
{
	for (size_t i = 0; i < b->item_count; i++)
		text_set_add(&p->held, &p->arena, b->items[i].spki);
	text_set_sort(&p->held);
}

static bool prune_read(const struct pruning *p, const char *name, struct bundle *out, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) bytes = { 0 };

	return fs_read(arena_printf(&a, "%s/%s", p->en->fleet->backup.directory, name),
		       BUNDLE_LIMIT, &bytes, e) &&
	       bundle_read(bytes.data, bytes.len, NULL, out, e);
}

/* The first generation whose key would be lost with the bundle; NULL: none. */
static const struct bundle_item *would_lose(const struct pruning *p, const struct bundle *b)
{
	for (size_t i = 0; i < b->item_count; i++) {
		const struct bundle_item *item = &b->items[i];
		int64_t not_after = 0;
		bool ended = time_parse(item->not_after, &not_after) && not_after <= p->now;

		if ((!ended || text_set_has(&p->in_use, item->fingerprint)) &&
		    !text_set_has(&p->held, item->spki))
			return item;
	}
	return NULL;
}

/* Adds the keys of the bundles that `keep` keeps; one that cannot be read holds none. */
static void hold_kept(struct pruning *p, const struct backup_listed *list, size_t count)
{
	for (size_t i = 0; i < count && !p->kept_read; i++) {
		AUTO(bundle) b = { 0 };
		struct err ignored = { 0 };

		if (prune_read(p, list[i].name, &b, &ignored))
			hold_keys(p, &b);
	}
	p->kept_read = true;
}

/* Whether the bundle can go; the reason why it stays is a note. */
static bool is_dispensable(struct pruning *p, const struct backup_listed *list, size_t i)
{
	AUTO(bundle) b = { 0 };
	struct err e = { 0 };
	const struct bundle_item *item = NULL;

	if (!prune_read(p, list[i].name, &b, &e)) {
		engine_note(p->en, "bundle '%s' is kept: %s", list[i].name, e.text);
		return false;
	}
	/* mostly the one just written has all; the others are read only if not */
	if (would_lose(p, &b))
		hold_kept(p, list, p->en->fleet->backup.keep);
	item = would_lose(p, &b);
	if (!item)
		return true;
	engine_note(p->en, "bundle '%s' is kept: no newer one holds a key of '%s'", list[i].name,
		    text_escaped(&p->arena, item->name));
	hold_keys(p, &b);
	return false;
}

void backup_prune(struct engine *en, const struct bundle *written)
{
	AUTO(pruning) p = { .en = en, .now = clock_now() };
	struct arena *a = &p.arena;
	const char *directory = en->fleet->backup.directory;
	const char *own = bundle_file_name(written, a);
	struct backup_listed *list = NULL;
	size_t count = 0;
	struct err e = { 0 };

	fs_clear_leftovers(directory, arena_printf(a, "%s-", en->fleet->name));
	if (!backup_list(en->fleet, a, &list, &count, &e) || !find_in_use(&p, &e)) {
		engine_note(en, "warning: old bundles stay: %s", e.text);
		return;
	}
	hold_keys(&p, written);
	for (size_t i = en->fleet->backup.keep; i < count; i++) {
		const char *path = arena_printf(a, "%s/%s", directory, list[i].name);

		/* After the clock was set back, the bundle just written may not
		 * sort first. */
		if (!strcmp(list[i].name, own) || !is_dispensable(&p, list, i))
			continue;
		if (unlink(path) < 0)
			engine_note(en, "warning: cannot remove '%s': %s", path, strerror(errno));
	}
}
