/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that bring a state back. */
#include "base/exit_status.h"
#include "base/fs.h"
#include "base/text.h"
#include "cli/bundle_option.h"
#include "cli/command.h"
#include "cli/overwrite.h"
#include "cli/session.h"
#include "engine/backup.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define STATE_NEWER "state-newer"

struct restore_options {
	struct bundle_options open;
	const char *config;
	struct texts acks;
};

static const struct option restore_options[] = {
	BUNDLE_OPTIONS(struct restore_options, open),
	TEXT(struct restore_options, config, .name = "config", .argument = "DIR",
	     .help = "without a fleet file: write the bundle's to DIR"),
	TEXTS(struct restore_options, acks, .name = "ack", .argument = "CODE",
	      .help = "accept " STATE_NEWER ": replace a newer state"),
	{ 0 },
};

static bool read_acks(struct session *s, const struct texts *acks, bool *accepted, struct err *e)
{
	for (size_t i = 0; i < acks->count; i++) {
		if (strcmp(acks->items[i], STATE_NEWER) != 0)
			return err_set(e, ERR_USAGE,
				       "'--ack' of a restore can be " STATE_NEWER ", not '%s'",
				       text_escaped(&s->arena, acks->items[i]));
		*accepted = true;
	}
	return true;
}

/* Loads the fleet file that says where the state goes, unless that is done. */
static bool restore_fleet(struct session *s, const char *config, const struct bundle *b,
			  struct err *e)
{
	if (config && !restore_config(s->engine, b, config, &s->arena, &s->file, e))
		return false;
	if (!config && s->fleet.name)
		return true;
	if (!config && access(s->file, F_OK) != 0)
		return err_set(
			e, ERR_INPUT,
			"there is no fleet file '%s' here; name a directory for the one in the bundle with --config",
			s->file);
	return session_load(s, s->file, e) && session_stateless(s, e);
}

static void restore_asks(struct session *s, const struct restored *done)
{
	AUTO(buf) text = { 0 };

	buf_printf(
		&text,
		"acknowledge " STATE_NEWER ": the state in '%s' has serial %" PRId64
		", the copy %" PRId64
		": what happened since would be forgotten; keep that state, or replace it with --ack " STATE_NEWER
		"\n",
		s->fleet.state.path, done->newer, done->copied);
	term_error(&s->terminal, &text);
}

/* `config`: the directory that the fleet file was written to; NULL: none. */
static void show_restored(struct session *s, const char *path, const struct restored *done,
			  const char *config)
{
	const char *file = s->fleet.path;
	AUTO(buf) text = { 0 };

	if (done->former)
		term_note(&s->terminal, "what was there is kept in '%s'", done->former);
	buf_printf(&text, "the state of fleet '%s' is in '%s', serial %" PRId64 ", restored from '",
		   text_escaped(&s->arena, s->fleet.name), s->fleet.state.path, done->serial);
	text_escape(&text, path, strlen(path));
	buf_puts(&text, "'\nnext: certfleet ");
	if (config) {
		buf_printf(&text, "-C '%s' ", s->fleet.directory);
		file = strrchr(file, '/') + 1;
	}
	buf_printf(&text, "plan%s%s\n", strcmp(file, FLEET_FILE) ? " " : "",
		   strcmp(file, FLEET_FILE) ? file : "");
	term_print(&s->terminal, &text);
}

/* Prints the result of a restore from `path`, and sets the exit status. */
static void restore_ends(struct session *s, const char *path, const struct restored *done,
			 const char *config, int *status)
{
	if (done->newer < 0)
		show_restored(s, path, done, config);
	else
		restore_asks(s, done);
	*status = done->newer < 0 ? EXIT_DONE : EXIT_ASKS;
}

static bool run_restore(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct restore_options *o = call->options;
	AUTO(fleet) own = { 0 };
	AUTO(bundle) b = { 0 };
	struct restore_order order = { 0 };
	struct restored done = { 0 };
	const char *path = NULL;

	if (!read_acks(s, &o->acks, &order.newer_accepted, e) ||
	    !bundle_option_open(s, &o->open, call->words[0], &b, &path, e))
		return false;
	/* the engine still refers to its secrets */
	if (o->config)
		own = TAKE(s->fleet);
	if (!restore_fleet(s, o->config, &b, e))
		return false;
	order.holder = session_holder(s, "backup restore");
	if (!restore_state(s->engine, &b, &order, &done, e))
		return false;
	restore_ends(s, path, &done, o->config, status);
	return true;
}

const struct command command_backup_restore = {
	.name = "backup restore",
	.words = "BUNDLE",
	.summary = "rebuild a lost state from a bundle",
	.help = BUNDLE_HELP
	"\nThe state goes where the fleet file says; nothing is contacted, and the next\n'certfleet plan' shows what the fleet needs. A newer state that is there is\nreplaced only with --ack, and kept beside it.",
	.words_least = 1,
	.words_most = 1,
	.options = restore_options,
	.options_size = sizeof(struct restore_options),
	.run = run_restore,
};

/* ---- exported file ---- */

enum {
	EXPORT_LIMIT = 256 * 1024 * 1024
};

static bool is_exported_state(const char *text)
{
	return *text == '{' && strstr(text, "\"hmac_sha256\"");
}

static bool run_state_export(struct session *s, const struct call *call, int *status, struct err *e)
{
	const char *path = call->words[0];
	AUTO(buf) text = { 0 };

	(void)status;
	if (!session_has_state(s))
		return err_set(e, ERR_MISSING, "there is no state to export");
	if (!overwrite_check(path, "exported state", is_exported_state, e) ||
	    !restore_export(s->engine, &text, e) ||
	    !fs_replace(path, text.data, text.len, FS_PRIVATE, e))
		return false;
	term_note(&s->terminal, "the state is in '%s', its keys sealed as they are",
		  text_escaped(&s->arena, path));
	return true;
}

const struct command command_state_export = {
	.name = "state export",
	.words = "FILE",
	.summary = "write the state to one file, keys sealed",
	.help = "The file has all but the journal and what was last seen, for 'certfleet state\nimport'. Its keys open with what seals the state.",
	.needs = NEEDS_FLEET | NEEDS_ENGINE,
	.words_least = 1,
	.words_most = 1,
	.run = run_state_export,
};

static const struct option import_options[] = {
	BUNDLE_OPTIONS(struct restore_options, open),
	TEXTS(struct restore_options, acks, .name = "ack", .argument = "CODE",
	      .help = "accept " STATE_NEWER ": replace a newer state"),
	{ 0 },
};

static bool run_state_import(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct restore_options *o = call->options;
	const char *path = call->words[0];
	struct restore_order order = { .holder = session_holder(s, "state import") };
	struct restored done = { 0 };
	AUTO(buf) text = { .limit = EXPORT_LIMIT };

	if (!read_acks(s, &o->acks, &order.newer_accepted, e) ||
	    !bundle_option_check(&o->open, e) || !fs_read(path, EXPORT_LIMIT, &text, e) ||
	    !session_stateless(s, e))
		return false;
	if (!restore_import(s->engine, (struct bytes){ text.data, text.len },
			    bundle_option_secret(s, &o->open), &order, &done, e))
		return err_in(e, "'%s'", text_escaped(&s->arena, path));
	restore_ends(s, path, &done, NULL, status);
	return true;
}

const struct command command_state_import = {
	.name = "state import",
	.words = "FILE",
	.summary = "rebuild a lost state from an exported file",
	.help = "Without an option it is opened with what seals the state now. The rules are\nthose of 'certfleet backup restore'.",
	.needs = NEEDS_FLEET,
	.words_least = 1,
	.words_most = 1,
	.options = import_options,
	.options_size = sizeof(struct restore_options),
	.run = run_state_import,
};
