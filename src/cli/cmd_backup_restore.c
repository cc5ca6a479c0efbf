/* SPDX-License-Identifier: Apache-2.0 */
#include "base/exit_status.h"
#include "base/text.h"
#include "cli/bundle_option.h"
#include "cli/command.h"
#include "cli/session.h"
#include "engine/restore.h"

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

static void restore_asks(struct session *s, int64_t serial, const struct restored *done)
{
	AUTO(buf) text = { 0 };

	buf_printf(
		&text,
		"acknowledge " STATE_NEWER ": the state in '%s' has serial %" PRId64
		", the bundle %" PRId64
		"; a restore would forget what happened since; keep that state, or replace it with '--ack " STATE_NEWER
		"'\n",
		s->fleet.state.path, done->newer, serial);
	term_error(&s->terminal, &text);
}

static void show_restored(struct session *s, const char *path, const struct restored *done,
			  const char *config)
{
	AUTO(buf) text = { 0 };

	if (done->former)
		term_note(&s->terminal, "what was there is kept in '%s'", done->former);
	buf_puts(&text, "the state of fleet '");
	text_escape(&text, s->fleet.name, strlen(s->fleet.name));
	buf_printf(&text, "' is in '%s', serial %" PRId64 ", restored from '%s'\n",
		   s->fleet.state.path, done->serial, path);
	buf_puts(&text, "next: certfleet ");
	if (config)
		buf_printf(&text, "-C '%s' ", s->fleet.directory);
	buf_printf(&text, "plan%s%s\n", strcmp(s->fleet.path, FLEET_FILE) ? " " : "",
		   strcmp(s->fleet.path, FLEET_FILE) ? s->fleet.path : "");
	term_print(&s->terminal, &text);
}

static bool run_restore(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct restore_options *o = call->options;
	AUTO(fleet) own = { 0 };
	AUTO(bundle) b = { 0 };
	struct restore_order order = { .bundle = &b };
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
	if (!restore_state(s->engine, &order, &s->arena, &done, e))
		return false;
	if (done.newer >= 0) {
		restore_asks(s, b.serial, &done);
		*status = EXIT_ASKS;
		return true;
	}
	show_restored(s, path, &done, o->config);
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
