/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "engine/backup.h"
#include "engine/internal.h"

#include <string.h>
#include <unistd.h>

/* A bundle's bytes, and where they are from. */
struct found_bundle {
	const char *path;
	struct buf bytes;
};

static void found_bundle_release(struct found_bundle *s)
{
	buf_release(&s->bytes);
}
AUTO_STRUCT(found_bundle, struct found_bundle, found_bundle_release)

static bool found_bundle_read(struct engine *en, const char *path, struct found_bundle *out,
			      struct err *e)
{
	out->path = arena_strdup(&en->arena, path);
	if (fs_read(path, BUNDLE_LIMIT, &out->bytes, e))
		return true;
	if (e->code == ERR_MISSING)
		err_remedy(e, "'certfleet backup list' lists the bundles");
	return false;
}

static bool needs_directory(const struct engine *en, const char *word, struct err *e)
{
	AUTO(arena) a = { 0 };

	if (en->fleet->backup.directory)
		return true;
	return err_set(
		e, ERR_MISSING,
		"there is no file '%s' here, and no fleet file that names a backup directory; give the path of the bundle",
		text_escaped(&a, word));
}

/* ---- the ways to name a bundle ---- */

static bool word_is_latest(const char *word)
{
	return strcmp(word, BUNDLE_LATEST) == 0;
}

static bool word_is_name(const char *word)
{
	(void)word;
	return true;
}

static bool word_is_url(const char *word)
{
	return strstr(word, "://") != NULL;
}

bool bundle_word_is_path(const char *word)
{
	return !word_is_latest(word) && !word_is_url(word) &&
	       (strchr(word, '/') || access(word, F_OK) == 0);
}

static bool find_by_name(struct engine *en, const char *word, struct found_bundle *out,
			 struct err *e)
{
	return needs_directory(en, word, e) &&
	       found_bundle_read(
		       en, arena_printf(&en->arena, "%s/%s", en->fleet->backup.directory, word),
		       out, e);
}

static bool find_latest(struct engine *en, const char *word, struct found_bundle *out,
			struct err *e)
{
	struct backup_listed *list = NULL;
	size_t count = 0;

	if (!needs_directory(en, word, e) || !backup_list(en->fleet, &en->arena, &list, &count, e))
		return false;
	if (count)
		return find_by_name(en, list[0].name, out, e);
	return err_set(e, ERR_MISSING,
		       "there is no bundle of fleet '%s' in '%s'; give the path of one",
		       en->fleet->name, en->fleet->backup.directory);
}

static bool find_in_copy(struct engine *en, const char *word, struct found_bundle *out,
			 struct err *e)
{
	return backup_fetch(en, word, &en->arena, &out->path, &out->bytes, e);
}

/* The first that fits counts. */
static const struct bundle_way {
	bool (*fits)(const char *word);
	bool (*read)(struct engine *en, const char *word, struct found_bundle *out, struct err *e);
} bundle_ways[] = {
	{ word_is_latest, find_latest },
	{ word_is_url, find_in_copy },
	{ bundle_word_is_path, found_bundle_read },
	{ word_is_name, find_by_name },
};

/* ---- passphrases ---- */

static bool open_with(struct engine *en, const struct secret_ref *ref,
		      const struct found_bundle *from, struct bundle *out, struct err *e)
{
	const struct secret *passphrase = NULL;

	if (!engine_secret(en, ref, &passphrase, e)) {
		e->code = ERR_INPUT;
		return err_in(e, "cannot take the passphrase");
	}
	return backup_check(from->path, &from->bytes, passphrase, out, e);
}

/* Any passphrase of the fleet file may open it; the first success counts. */
static bool open_as_fleet(struct engine *en, const struct found_bundle *from, struct bundle *out,
			  struct err *e)
{
	const struct backup_policy *policy = &en->fleet->backup;

	for (size_t i = 0; i < policy->passphrase_count; i++)
		if (open_with(en, &policy->passphrases[i], from, out, e))
			return true;
	return policy->passphrase_count == 0 &&
	       backup_check(from->path, &from->bytes, NULL, out, e);
}

bool backup_open(struct engine *en, const struct bundle_opening *o, struct bundle *out,
		 const char **path, struct err *e)
{
	AUTO(found_bundle) from = { 0 };
	const struct bundle_way *way = bundle_ways;

	while (!way->fits(o->bundle))
		way++;
	if (!way->read(en, o->bundle, &from, e))
		return false;
	*path = from.path;
	if (o->structure)
		return backup_check(from.path, &from.bytes, NULL, out, e);
	if (o->passphrase->kind != SECRET_NONE)
		return open_with(en, o->passphrase, &from, out, e);
	return open_as_fleet(en, &from, out, e);
}
