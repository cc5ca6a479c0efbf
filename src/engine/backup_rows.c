/* SPDX-License-Identifier: Apache-2.0 */
/* The bundles in the backup directory, with what is in them and what is known of them. */
#include "base/clock.h"
#include "base/fs.h"
#include "base/stop.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "crypto/crypto.h"
#include "engine/backup.h"
#include "engine/internal.h"
#include "state/bundle_records.h"

#include <string.h>

/* What the rows are compared with. */
struct row_making {
	struct engine *en;
	struct arena *arena;
	const struct secret *passphrases[RECIPIENT_LIMIT];
	size_t passphrase_count;
	const struct bundle_verified *verified;
	size_t verified_count;
};

/* Time of the verification, if these are the bytes that were verified. */
static int64_t verified_at(const struct row_making *m, const char *name, const struct buf *bytes)
{
	char sha256[SHA256_TEXT];

	for (size_t i = 0; i < m->verified_count; i++) {
		if (strcmp(m->verified[i].name, name) != 0)
			continue;
		sha256_text(bytes->data, bytes->len, sha256);
		return strcmp(m->verified[i].sha256, sha256) == 0 ? m->verified[i].at : 0;
	}
	return 0;
}

static enum bundle_access row_access(const struct row_making *m, const struct buf *bytes,
				     bool unencrypted)
{
	struct err ignored = { 0 };

	if (unencrypted)
		return BUNDLE_OPENS;
	for (size_t i = 0; i < m->passphrase_count; i++)
		if (bundle_opens(bytes->data, bytes->len, &m->passphrases[i], 1, &ignored))
			return BUNDLE_OPENS;
	return m->passphrase_count ? BUNDLE_CLOSED : BUNDLE_UNTRIED;
}

static void row_fill(const struct row_making *m, struct backup_row *row)
{
	AUTO(buf) bytes = { 0 };
	AUTO(bundle) b = { 0 };
	struct err e = { 0 };
	const char *path =
		arena_printf(m->arena, "%s/%s", m->en->fleet->backup.directory, row->listed.name);

	row->fleet = m->en->fleet->name;
	row->serial = row->listed.serial;
	if (!fs_read(path, BUNDLE_LIMIT, &bytes, &e) ||
	    !bundle_read(bytes.data, bytes.len, NULL, &b, &e)) {
		row->flaw = arena_strdup(m->arena, e.text);
		row->access = BUNDLE_CLOSED;
		return;
	}
	row->fleet = arena_strdup(m->arena, b.fleet);
	row->serial = b.serial;
	row->created = b.created;
	row->generations = (int64_t)b.item_count;
	row->verified_at = verified_at(m, row->listed.name, &bytes);
	row->access = row_access(m, &bytes, b.unencrypted);
}

/* Passphrases that can be had; the reason why one cannot is a note. */
static void rows_take_passphrases(struct row_making *m, const struct secret_ref *given)
{
	const struct backup_policy *policy = &m->en->fleet->backup;
	const struct secret_ref *refs = given->kind != SECRET_NONE ? given : policy->passphrases;
	size_t count = given->kind != SECRET_NONE ? 1 : policy->passphrase_count;

	for (size_t i = 0; i < count; i++) {
		struct err e = { 0 };

		if (engine_secret(m->en, &refs[i], &m->passphrases[m->passphrase_count], &e))
			m->passphrase_count++;
		else
			engine_note(m->en, "a passphrase was not tried: %s", e.text);
	}
}

bool backup_rows(struct engine *en, const struct secret_ref *passphrase, struct arena *a,
		 struct backup_rows *out, struct err *e)
{
	struct row_making m = { .en = en, .arena = a };
	struct backup_listed *list = NULL;

	if (!backup_list(en->fleet, a, &list, &out->count, e) ||
	    (en->state && !state_bundles(en->state, a, &m.verified, &m.verified_count, e)))
		return false;
	if (out->count)
		rows_take_passphrases(&m, passphrase);
	out->list = arena_array(a, out->count, sizeof(*out->list));
	for (size_t i = 0; i < out->count; i++) {
		if (stop_requested())
			return err_set(e, ERR_STOPPED, "stopped");
		out->list[i].listed = list[i];
		row_fill(&m, &out->list[i]);
		if (!backup_copies_of(en, list[i].name, a, &out->list[i].copies,
				      &out->list[i].copy_count, e))
			return false;
	}
	return true;
}
