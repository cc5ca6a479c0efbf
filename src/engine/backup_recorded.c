/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles that the state relies on, because an unexpired generation records
 * them: presence, damage, and whether today's passphrases open them.
 */
#include "base/fs.h"
#include "base/stop.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "engine/backup.h"
#include "engine/internal.h"

struct recorded_bundles bundles_recorded(const struct generation *all, size_t all_count,
					 int64_t now, struct arena *a)
{
	struct recorded_bundles list = { arena_array(a, all_count, sizeof(*list.names)), 0 };
	size_t count = 0;

	for (size_t i = 0; i < all_count; i++)
		if (all[i].bundle && !all[i].pending && all[i].not_after > now)
			list.names[count++] = all[i].bundle;
	list.count = text_set(list.names, count);
	return list;
}

static struct recorded_bundles recorded(const struct snapshot *s, struct arena *a)
{
	return bundles_recorded(s->generations, s->generation_count, s->observed_at, a);
}

static bool read_recorded(const struct engine *en, const char *name, struct buf *out, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *directory = en->fleet->backup.directory;

	return fs_read(arena_printf(&a, "%s/%s", directory, name), BUNDLE_LIMIT, out, e);
}

const char *backup_flaw(const struct engine *en, const char *name, struct arena *a)
{
	AUTO(buf) bytes = { 0 };
	AUTO(bundle) b = { 0 };
	struct err e = { 0 };

	if (!read_recorded(en, name, &bytes, &e))
		return e.code == ERR_MISSING ? "is not there"
					     : arena_printf(a, "cannot be read: %s", e.text);
	if (engine_is_confined(en) || bundle_read(bytes.data, bytes.len, NULL, &b, &e))
		return NULL;
	return arena_printf(a, "is damaged: %s", e.text);
}

bool backup_observe(struct engine *en, struct snapshot *s, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *directory = en->fleet->backup.directory;
	struct recorded_bundles list = recorded(s, &s->arena);
	VEC(struct lost_bundle) lost = { 0 };

	/* Bundles out of read scope count as unchanged. */
	if (!directory || !engine_may_look(en, directory))
		return copies_observe(en, s, &list, e);
	for (size_t i = 0; i < list.count; i++) {
		const char *name = list.names[i];
		const char *why = backup_flaw(en, name, &a);

		if (stop_requested())
			return err_set(e, ERR_STOPPED, "stopped");
		if (why)
			VEC_PUSH(&lost, &s->arena,
				 (struct lost_bundle){ name,
						       arena_printf(&s->arena, "the bundle '%s' %s",
								    text_escaped(&a, name),
								    text_escaped(&a, why)) });
	}
	s->lost = lost.items;
	s->lost_count = lost.count;
	return copies_observe(en, s, &list, e);
}

static bool opens(struct engine *en, const char *name, const struct secret *const *passphrases,
		  struct err *e)
{
	AUTO(buf) bytes = { 0 };

	return read_recorded(en, name, &bytes, e) &&
	       bundle_opens(bytes.data, bytes.len, passphrases, en->fleet->backup.passphrase_count,
			    e);
}

/* Today's passphrases, in the order of the fleet file. */
static bool backup_recorded_take_passphrases(struct engine *en, const struct secret **out,
					     struct err *e)
{
	const struct backup_policy *policy = &en->fleet->backup;

	for (size_t i = 0; i < policy->passphrase_count; i++) {
		if (!engine_secret(en, &policy->passphrases[i], &out[i], e))
			return err_in(e, "cannot open the backups");
	}
	return true;
}

bool engine_check_passphrases(struct engine *en, const struct snapshot *s, bool *outdated,
			      struct err *e)
{
	const struct secret *passphrases[RECIPIENT_LIMIT] = { 0 };
	AUTO(arena) a = { 0 };
	struct recorded_bundles list = recorded(s, &a);

	*outdated = false;
	if (!en->state || state_serial(en->state) == 0)
		return true;
	if (state_is_sealed(en->state) && !engine_unseal(en, e))
		return false;
	if (!backup_recorded_take_passphrases(en, passphrases, e))
		return false;
	for (size_t i = 0; i < list.count; i++) {
		struct err why = { 0 };

		if (snapshot_lost(s, list.names[i]) || opens(en, list.names[i], passphrases, &why))
			continue;
		if (stop_requested())
			return err_set(e, ERR_STOPPED, "stopped");
		engine_note(
			en,
			"bundle '%s' does not open with today's passphrases (%s): a new one is due",
			list.names[i], why.text);
		*outdated = true;
	}
	return true;
}
