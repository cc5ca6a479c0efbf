/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/exit_status.h"
#include "base/table.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "cli/command.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "engine/backup.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* ---- create ---- */

static bool run_create(struct session *s, const struct call *call, int *status, struct err *e)
{
	AUTO(buf) text = { 0 };
	const char *name = NULL;

	(void)call;
	(void)status;
	if (!session_has_state(s))
		return err_set(
			e, ERR_MISSING,
			"there is nothing to back up: no state yet; 'certfleet apply' makes it");
	if (!session_lock(s, 0, "backup create", e) ||
	    !backup_create(s->engine, &s->arena, &name, e))
		return false;
	buf_printf(&text, "%s/%s\n", s->fleet.backup.directory, name);
	term_print(&s->terminal, &text);
	return true;
}

const struct command command_backup_create = {
	.name = "backup create",
	.words = "",
	.summary = "write a bundle with all keys, and read it back",
	.help = "Goes to the backup directory of the fleet file, under its passphrases. Every\napply writes one by itself before it touches a component.",
	.needs = NEEDS_FLEET | NEEDS_ENGINE,
	.run = run_create,
};

/* ---- list ---- */

static const char *const list_titles[] = { "BUNDLE", "SERIAL", "BYTES", NULL };

static bool run_list(struct session *s, const struct call *call, int *status, struct err *e)
{
	struct table t = { .arena = &s->arena, .titles = list_titles };
	struct backup_listed *list = NULL;
	AUTO(buf) text = { 0 };
	size_t count = 0;

	(void)call;
	(void)status;
	if (!backup_list(&s->fleet, &s->arena, &list, &count, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		table_add(&t, list[i].name, TONE_PLAIN);
		table_add(&t, arena_printf(&s->arena, "%" PRId64, list[i].serial), TONE_PLAIN);
		table_add(&t, arena_printf(&s->arena, "%" PRId64, list[i].size), TONE_PLAIN);
	}
	table_render(&t, s->terminal.color, &text);
	term_print(&s->terminal, &text);
	if (!count)
		term_note(&s->terminal, "there is no bundle yet");
	return true;
}

const struct command command_backup_list = {
	.name = "backup list",
	.words = "",
	.summary = "list this fleet's bundles, the newest first",
	.needs = NEEDS_FLEET,
	.run = run_list,
};

/* ---- verify ---- */

struct verify_options {
	const char *passphrase_file;
	const char *passphrase_env;
	bool structure;
};

static const struct option verify_options[] = {
	TEXT(struct verify_options, passphrase_file, .name = "passphrase-file", .argument = "FILE",
	     .help = "open it with the passphrase in FILE"),
	TEXT(struct verify_options, passphrase_env, .name = "passphrase-env", .argument = "NAME",
	     .help = "open it with the passphrase in variable NAME"),
	FLAG(struct verify_options, structure, .name = "structure",
	     .help = "without a passphrase: check the structure only"),
	{ 0 },
};

/* Any passphrase of the fleet file may open it; the first success counts. */
static bool verify_as_fleet(struct session *s, const char *path, struct bundle *out, struct err *e)
{
	const struct backup_policy *policy = &s->fleet.backup;

	for (size_t i = 0; i < policy->passphrase_count; i++) {
		const struct secret *passphrase = NULL;

		if (!engine_secret(s->engine, &policy->passphrases[i], &passphrase, e))
			return false;
		if (backup_verify(path, passphrase, out, e))
			return true;
	}
	return policy->passphrase_count == 0 && backup_verify(path, NULL, out, e);
}

static bool cmd_backup_verify(struct session *s, const struct verify_options *o, const char *path,
			      struct bundle *out, struct err *e)
{
	AUTO(secret) passphrase = { 0 };

	if (o->structure)
		return backup_verify(path, NULL, out, e);
	if (o->passphrase_file)
		return passphrase_from_file(o->passphrase_file, &passphrase, e) &&
		       backup_verify(path, &passphrase, out, e);
	if (o->passphrase_env)
		return passphrase_from_environment(o->passphrase_env, &passphrase, e) &&
		       backup_verify(path, &passphrase, out, e);
	/* without a fleet file only the structure can be checked */
	if (access(s->file, F_OK) < 0)
		return backup_verify(path, NULL, out, e);
	return session_load(s, s->file, e) && session_read(s, e) &&
	       verify_as_fleet(s, path, out, e);
}

static void show_bundle(struct session *s, const char *path, const struct bundle *b)
{
	AUTO(buf) text = { 0 };
	char created[TIME_TEXT];

	text_escape(&text, path, strlen(path));
	buf_puts(&text, ": fleet '");
	text_escape(&text, b->fleet, strlen(b->fleet));
	buf_printf(&text, "', serial %" PRId64 ", made %s, %zu generation%s: %s\n", b->serial,
		   time_format(b->created, created), b->item_count, b->item_count == 1 ? "" : "s",
		   b->authenticated ? "whole, and every key fits its certificate"
				    : "its structure is right, not authenticated");
	term_print(&s->terminal, &text);
}

static bool run_verify(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct verify_options *o = call->options;
	const char *path = call->words[0];
	AUTO(bundle) b = { 0 };

	if (!!o->passphrase_file + !!o->passphrase_env + o->structure > 1)
		return err_set(
			e, ERR_USAGE,
			"'--passphrase-file', '--passphrase-env' and '--structure' exclude each other");
	if (!cmd_backup_verify(s, o, path, &b, e))
		return false;
	show_bundle(s, path, &b);
	if (b.authenticated || o->structure)
		return true;
	terminal_error(
		&s->terminal,
		b.unencrypted
			? "not authenticated: it is not encrypted, so nothing vouches for it"
			: "not authenticated: name its passphrase with --passphrase-file or --passphrase-env");
	*status = EXIT_FAILED;
	return true;
}

const struct command command_backup_verify = {
	.name = "backup verify",
	.words = "BUNDLE",
	.summary = "prove that a bundle is whole and opens",
	.help = "Without an option the passphrases of the fleet file in the working directory\nare tried. Exit status 0 when all of it is proven, 1 when it is not\nauthenticated, 65 when it is damaged or the passphrase is wrong.",
	.words_least = 1,
	.words_most = 1,
	.options = verify_options,
	.options_size = sizeof(struct verify_options),
	.run = run_verify,
};
