/* SPDX-License-Identifier: Apache-2.0 */
#include "base/exit_status.h"
#include "base/text.h"
#include "cli/bundle_option.h"
#include "cli/command.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "engine/engine.h"
#include "model/secret_ref.h"

static bool needs_state(struct session *s, struct err *e)
{
	return session_has_state(s) ||
	       err_set(e, ERR_MISSING, "there is no state in '%s'; 'certfleet apply' makes it",
		       text_escaped(&s->arena, s->fleet.state.path));
}

/* ---- check ---- */

struct check_options {
	struct bundle_options opening;
};

static const struct option check_options[] = {
	BUNDLE_OPTIONS(struct check_options, opening),
	{ 0 },
};

static bool run_state_check(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct bundle_options *o = &((const struct check_options *)call->options)->opening;
	struct state_report report = { 0 };
	AUTO(buf) text = { 0 };

	if (!bundle_option_check(o, e) || !needs_state(s, e) ||
	    !engine_check_state(s->engine, bundle_option_secret(s, o), &s->arena, &report, e))
		return false;
	vec_each (line, &report.flaws.lines) {
		buf_printf(&text, "%s\n", *line);
	}
	if (report.unopened)
		buf_printf(&text, "the keys were not checked: %s\n", report.unopened);
	if (text.len)
		*status = EXIT_FAILED;
	else
		buf_printf(
			&text,
			"%s: %zu records are whole, and %zu keys open and fit their certificates\n",
			text_escaped(&s->arena, s->fleet.state.path), report.flaws.records,
			report.keys);
	term_print(&s->terminal, &text);
	return true;
}

const struct command command_state_check = {
	.name = "state check",
	.words = "",
	.summary = "prove that the state is whole and its keys open",
	.help = "Checks SQLite's integrity, every record, what records refer to, and with the\nsecret of 'seal' that every key opens and fits its certificate. Each flaw is\none line with its remedy. Exit status 0 when all is proven, else 1. Writes\nnothing.",
	.needs = NEEDS_FLEET | NEEDS_ENGINE,
	.options = check_options,
	.options_size = sizeof(struct check_options),
	.run = run_state_check,
};

/* ---- reseal ---- */

struct reseal_options {
	const char *passphrase_file;
	const char *passphrase_env;
	const char *key_file;
};

static const struct option reseal_options[] = {
	TEXT(struct reseal_options, passphrase_file, .name = "old-passphrase-file",
	     .argument = "FILE", .help = "open it with the passphrase in FILE"),
	TEXT(struct reseal_options, passphrase_env, .name = "old-passphrase-env",
	     .argument = "NAME", .help = "open it with the passphrase in variable NAME"),
	TEXT(struct reseal_options, key_file, .name = "old-key-file", .argument = "FILE",
	     .help = "open it with the key file FILE"),
	{ 0 },
};

static bool run_reseal(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct reseal_options *o = call->options;
	struct secret_ref *old = ARENA_NEW(&s->arena, struct secret_ref);

	(void)status;
	if (!!o->passphrase_file + !!o->passphrase_env + !!o->key_file != 1)
		return err_set(
			e, ERR_USAGE,
			"name the old secret with one of '--old-passphrase-file', '--old-passphrase-env' and '--old-key-file'");
	if (o->passphrase_file)
		*old = (struct secret_ref){ SECRET_FILE, .name = o->passphrase_file };
	else if (o->passphrase_env)
		*old = (struct secret_ref){ SECRET_ENV, .name = o->passphrase_env };
	else
		*old = (struct secret_ref){ SECRET_KEY_FILE, .name = o->key_file };
	if (!needs_state(s, e) || !session_lock(s, 0, "state reseal", e) ||
	    !engine_reseal(s->engine, old, e))
		return false;
	term_note(&s->terminal, "the state is sealed under the secret that the fleet file names");
	return true;
}

const struct command command_state_reseal = {
	.name = "state reseal",
	.words = "",
	.summary = "seal it under what the fleet file names now",
	.help = "Opens the state with the secret it was sealed with, makes a new data key, and\nseals every key under the secret that 'seal', or the first backup passphrase,\nnames now. Copies of the state and bundles made before still open with the\nold one.",
	.needs = NEEDS_FLEET | NEEDS_ENGINE,
	.options = reseal_options,
	.options_size = sizeof(struct reseal_options),
	.run = run_reseal,
};
