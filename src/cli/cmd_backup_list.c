/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/table.h"
#include "base/text.h"
#include "cli/bundle_option.h"
#include "cli/command.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "engine/backup.h"
#include "json/record.h"

#include <inttypes.h>
#include <string.h>

#define LIST_FORMAT "1.0"

struct list_options {
	struct bundle_options bundle;
	bool json;
};

static const struct option list_options[] = {
	FLAG(struct list_options, json, .name = "json",
	     .help = "print it as JSON (schemas/backups.schema.json)"),
	BUNDLE_OPTIONS(struct list_options, bundle),
	{ 0 },
};

static json_t *write_opens(const void *slot, size_t index)
{
	const enum bundle_access *access = slot;

	(void)index;
	return *access == BUNDLE_UNTRIED ? NULL : json_boolean(*access == BUNDLE_OPENS);
}

static json_t *write_generations(const void *slot, size_t index)
{
	const struct backup_row *row = slot;

	(void)index;
	return row->flaw ? NULL : json_integer(row->generations);
}

static const struct member backup_row_members[] = {
	TEXT_MEMBER("name", struct backup_row, listed.name),
	TIME_MEMBER("time", struct backup_row, created, .absent = ABSENT_NULL),
	TEXT_MEMBER("fleet", struct backup_row, fleet),
	NUMBER_MEMBER("serial", struct backup_row, serial, INT64_MIN, INT64_MAX),
	CUSTOM_MEMBER("generations", struct backup_row, listed, write_generations, NULL,
		      .absent = ABSENT_NULL),
	NUMBER_MEMBER("size", struct backup_row, listed.size, 0, INT64_MAX),
	TIME_MEMBER("verified_at", struct backup_row, verified_at, .absent = ABSENT_NULL),
	TEXTS_MEMBER("copies", struct backup_row, copies, copy_count),
	CUSTOM_MEMBER("opens", struct backup_row, access, write_opens, NULL, .absent = ABSENT_NULL),
	{ 0 },
};

/* The document of `backup list --json`. */
struct list_document {
	const char *fleet;
	struct backup_rows rows;
};

static const struct member list_members[] = {
	CONSTANT_MEMBER("format_version", LIST_FORMAT),
	TEXT_MEMBER("fleet", struct list_document, fleet),
	LIST_MEMBER("bundles", struct list_document, rows.list, rows.count, backup_row_members),
	{ 0 },
};

static const char *const list_titles[] = { "BUNDLE",   "TIME",   "SERIAL", "KEYS", "BYTES",
					   "VERIFIED", "COPIES", "OPENS",  NULL };

static void list_add_time(struct table *t, int64_t when)
{
	char text[TIME_TEXT];

	table_add(t, when ? time_format(when, text) : NULL, TONE_PLAIN);
}

static void list_add_number(struct table *t, int64_t number)
{
	table_add(t, arena_printf(t->arena, "%" PRId64, number), TONE_PLAIN);
}

static void list_add_row(struct table *t, const struct backup_row *row)
{
	static const struct cell access_cells[] = {
		[BUNDLE_UNTRIED] = { "?", TONE_FAINT },
		[BUNDLE_CLOSED] = { "no", TONE_BAD },
		[BUNDLE_OPENS] = { "yes", TONE_GOOD },
	};

	table_add(t, row->listed.name, TONE_PLAIN);
	list_add_time(t, row->created);
	list_add_number(t, row->serial);
	list_add_number(t, row->generations);
	list_add_number(t, row->listed.size);
	list_add_time(t, row->verified_at);
	list_add_number(t, (int64_t)row->copy_count);
	table_add(t, access_cells[row->access].text, access_cells[row->access].tone);
	if (row->flaw)
		table_note(t, row->flaw);
}

static void list_show(struct session *s, const struct backup_rows *rows)
{
	struct table t = { .arena = &s->arena, .titles = list_titles };
	AUTO(buf) text = { 0 };

	for (size_t i = 0; i < rows->count; i++)
		list_add_row(&t, &rows->list[i]);
	table_render(&t, s->terminal.color, &text);
	term_print(&s->terminal, &text);
	if (!rows->count)
		term_note(&s->terminal, "there is no bundle yet");
}

/* The bundles count most when the state is damaged: only what it knows of them is left out. */
static bool list_open_engine(struct session *s, struct err *e)
{
	struct err why = { 0 };

	if (session_read(s, &why))
		return true;
	term_note(&s->terminal, "what the state knows of the bundles is left out: %s", why.text);
	return session_stateless(s, e);
}

static bool run_list(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct list_options *o = call->options;
	struct list_document document = { .fleet = s->fleet.name };
	const struct secret_ref *passphrase = bundle_option_secret(s, &o->bundle);

	(void)status;
	if (!bundle_option_check(&o->bundle, e) || !list_open_engine(s, e) ||
	    !backup_rows(s->engine, passphrase, &s->arena, &document.rows, e))
		return false;
	if (!o->json) {
		list_show(s, &document.rows);
		return true;
	}

	AUTO(json) json = json_encode(list_members, &document);

	term_print_json(&s->terminal, json, false);
	return true;
}

const struct command command_backup_list = {
	.name = "backup list",
	.words = "",
	.summary = "list this fleet's bundles, the newest first",
	.help = "VERIFIED is when a bundle was read back and compared after it was written; it\nis empty when the file is another one by now. OPENS tells whether one of\ntoday's passphrases opens it.",
	.needs = NEEDS_FLEET,
	.options = list_options,
	.options_size = sizeof(struct list_options),
	.run = run_list,
};
