/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/lineage.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/text.h"
#include "engine/internal.h"
#include "json/record.h"

#include <string.h>

#define LINEAGE_FILE "certfleet.lineage"
#define LINEAGE_FORMAT "1.0"

enum {
	LINEAGE_LIMIT = 1024 * 1024,
	LINEAGE_FLEETS = 1000,
	LINEAGE_AUTHORITIES = 1000,
};

struct lineage_entry {
	const char *fleet;
	const char *lineage;
	const char *const *authorities;
	size_t authority_count;
};

struct lineage_file {
	const struct lineage_entry *fleets;
	size_t fleet_count;
};

static const struct member lineage_entry_members[] = {
	TEXT_MEMBER("fleet", struct lineage_entry, fleet),
	TEXT_MEMBER("lineage", struct lineage_entry, lineage),
	TEXTS_MEMBER("authorities", struct lineage_entry, authorities, authority_count,
		     .most = LINEAGE_AUTHORITIES),
	{ 0 },
};

static const struct member lineage_file_members[] = {
	CONSTANT_MEMBER("format_version", LINEAGE_FORMAT),
	LIST_MEMBER("fleets", struct lineage_file, fleets, fleet_count, lineage_entry_members,
		    .most = LINEAGE_FLEETS),
	{ 0 },
};

static const char *lineage_path(const struct engine *en, struct arena *a)
{
	return arena_printf(a, "%s/" LINEAGE_FILE, en->fleet->directory);
}

/* Empty while there is no file. */
static bool lineage_read(struct engine *en, struct arena *a, struct lineage_file *out,
			 struct err *e)
{
	AUTO(secret) text = { 0 };
	const char *path = lineage_path(en, a);
	struct err why = { 0 };

	if (!engine_read(en, path, LINEAGE_LIMIT, &text, &why))
		return err_ignore(&why, ERR_MISSING) ||
		       err_set(e, ERR_IO, "cannot read '%s': %s", path, why.text);

	AUTO(json) json = json_parse((const char *)text.bytes, text.len);

	return (json_is_object(json) && json_decode(lineage_file_members, json, a, out, &why)) ||
	       err_set(e, ERR_INPUT, "'%s' is damaged; bring it back from git", path);
}

static const struct lineage_entry *lineage_of(const struct lineage_file *f, const char *fleet)
{
	for (size_t i = 0; i < f->fleet_count; i++)
		if (!strcmp(f->fleets[i].fleet, fleet))
			return &f->fleets[i];
	return NULL;
}

bool lineage_check(struct engine *en, struct err *e)
{
	struct lineage_file file = { 0 };
	const struct lineage_entry *own = NULL;

	if (!lineage_read(en, &en->arena, &file, e))
		return false;
	own = lineage_of(&file, en->fleet->name);
	if (!own || (en->state && !strcmp(own->lineage, state_lineage(en->state))))
		return true;
	if (en->state && state_serial(en->state) > 0)
		return err_set(
			e, ERR_INPUT,
			"the state '%s' is of lineage %.8s, but '%s' says %.8s; bring back the state of this checkout, or remove that file if this state is the right one",
			en->fleet->state.path, state_lineage(en->state),
			lineage_path(en, &en->arena), text_escaped(&en->arena, own->lineage));
	en->missing_lineage = own->lineage;
	return true;
}

/* The fleet's own entry, from its state. */
static bool lineage_make(struct engine *en, struct arena *a, struct lineage_entry *out,
			 struct err *e)
{
	const struct generation *all = NULL;
	VEC(const char *) keys = { 0 };
	size_t count = 0;

	if (!state_generations(en->state, a, &all, &count, e))
		return false;
	for (size_t i = 0; i < count; i++)
		if (all[i].of == OF_ISSUER && !all[i].pending)
			VEC_PUSH(&keys, a, all[i].spki);
	*out = (struct lineage_entry){ .fleet = en->fleet->name,
				       .lineage = state_lineage(en->state),
				       .authorities = keys.items,
				       .authority_count = keys.count };
	return true;
}

static bool lineage_is_same(const struct lineage_entry *x, const struct lineage_entry *y)
{
	if (strcmp(x->lineage, y->lineage) != 0 || x->authority_count != y->authority_count)
		return false;
	for (size_t i = 0; i < x->authority_count; i++)
		if (strcmp(x->authorities[i], y->authorities[i]) != 0)
			return false;
	return true;
}

static bool lineage_write(struct engine *en, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct lineage_file file = { 0 };
	struct lineage_entry own = { 0 };
	const struct lineage_entry *known = NULL;

	if (!lineage_make(en, &a, &own, e) || !lineage_read(en, &a, &file, e))
		return false;
	known = lineage_of(&file, own.fleet);
	if (known && lineage_is_same(known, &own))
		return true;

	struct lineage_entry *list = arena_array(&a, file.fleet_count + 1, sizeof(*list));
	size_t at = known ? (size_t)(known - file.fleets) : file.fleet_count;

	for (size_t i = 0; i < file.fleet_count; i++)
		list[i] = file.fleets[i];
	list[at] = own;
	file = (struct lineage_file){ list, file.fleet_count + !known };

	AUTO(json) json = json_encode(lineage_file_members, &file);
	AUTO(str) text = json_dumps(json, JSON_INDENT(2));
	const char *lines = arena_printf(&a, "%s\n", text);

	return fs_replace(lineage_path(en, &a), lines, strlen(lines), FS_PUBLIC, e);
}

bool lineage_record(struct engine *en)
{
	struct err e = { 0 };
	bool good = lineage_write(en, &e);

	if (!good)
		engine_note(
			en,
			"warning: " LINEAGE_FILE
			" is not up to date, so that a checkout without the state is not noticed: %s",
			e.text);
	return good;
}

void engine_record_lineage(struct engine *en)
{
	if (en->state && state_serial(en->state) > 0)
		(void)lineage_record(en);
}
