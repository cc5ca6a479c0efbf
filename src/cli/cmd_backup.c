/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/exit_status.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "cli/bundle_option.h"
#include "cli/command.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "engine/backup.h"

#include <inttypes.h>
#include <string.h>

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
	return backup_copy_all(s->engine, NULL, e);
}

const struct command command_backup_create = {
	.name = "backup create",
	.words = "",
	.summary = "write a bundle with all keys, and read it back",
	.help = "Goes to the backup directory of the fleet file, under its passphrases. Every\napply writes one by itself before it touches a component.",
	.needs = NEEDS_FLEET | NEEDS_ENGINE,
	.run = run_create,
};

/* ---- verify ---- */

struct verify_options {
	struct bundle_options open;
};

static const struct option verify_options[] = {
	BUNDLE_OPTIONS(struct verify_options, open),
	FLAG(struct verify_options, open.structure, .name = "structure",
	     .help = "without a passphrase: check the structure only"),
	{ 0 },
};

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
	const char *path = NULL;
	AUTO(bundle) b = { 0 };

	if (!bundle_option_open(s, &o->open, call->words[0], &b, &path, e)) {
		if (e->code == ERR_INPUT)
			err_remedy(e, "take another one: 'certfleet backup list' lists them");
		return false;
	}
	show_bundle(s, path, &b);
	if (b.authenticated || o->open.structure)
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
	.help = BUNDLE_HELP
	"\nExit status 0 when all of it is proven, 1 when it is not\nauthenticated, 65 when it is damaged or the passphrase is wrong.",
	.words_least = 1,
	.words_most = 1,
	.options = verify_options,
	.options_size = sizeof(struct verify_options),
	.run = run_verify,
};
