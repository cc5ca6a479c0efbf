/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/text.h"
#include "cli/bundle_option.h"
#include "cli/command.h"
#include "cli/overwrite.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "engine/backup.h"

#include <string.h>

struct export_options {
	struct bundle_options opening;
	const char *bundle;
	const char *out;
};

static const struct option export_options[] = {
	TEXT(struct export_options, out, .name = "out", .argument = "FILE",
	     .help = "the ZIP to write; mode 0600"),
	TEXT(struct export_options, bundle, .name = "bundle", .argument = "BUNDLE",
	     .help = "take it from this bundle instead of the newest"),
	BUNDLE_OPTIONS(struct export_options, opening),
	{ 0 },
};

/* A ZIP with the entry that every export begins with. */
static bool is_export(const char *text)
{
	enum {
		NAME_AT = 30
	}; /* behind the fixed part of the first header */

	return !memcmp(text, "PK\003\004", 4) &&
	       !strncmp(text + NAME_AT, BUNDLE_EXPORT_FIRST, strlen(BUNDLE_EXPORT_FIRST));
}

static bool export_missing(struct session *s, const struct bundle *b, const char *name,
			   struct err *e)
{
	VEC(const char *) names = { 0 };
	const char *near = NULL;

	for (size_t i = 0; i < b->item_count; i++)
		if (!b->items[i].is_issuer)
			VEC_PUSH(&names, &s->arena, b->items[i].name);
	VEC_PUSH(&names, &s->arena, NULL);
	near = text_nearest(name, names.items);
	name = text_escaped(&s->arena, name);
	if (near)
		return err_set(e, ERR_USAGE,
			       "the bundle holds no certificate '%s', did you mean '%s'?", name,
			       text_escaped(&s->arena, near));
	return err_set(e, ERR_USAGE, "the bundle holds no certificate '%s' that has not ended",
		       name);
}

/* What holds a private key goes only where nobody else can write. */
static bool export_write(const char *path, const struct secret *zip, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(fd) directory = -1;
	const char *absolute = fs_absolute(&a, path);
	const char *name = strrchr(absolute, '/') + 1;

	if (!*name)
		return err_set(e, ERR_USAGE, "'%s' is a directory; name a file in it",
			       text_escaped(&a, path));
	return fs_open_safe_dir(fs_dirname(&a, absolute), false, &directory, e) &&
	       fs_replace_at(directory, name, zip->bytes, zip->len, FS_PRIVATE, e);
}

static bool run_export(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct export_options *o = call->options;
	const char *name = call->words[0];
	const struct bundle_item *item = NULL;
	const char *path = NULL;
	AUTO(bundle) b = { 0 };
	AUTO(secret) zip = { 0 };

	(void)status;
	if (!o->out)
		return err_set(e, ERR_USAGE, "'backup export' needs '--out FILE'");
	if (!overwrite_check(o->out, "export of certfleet's", is_export, e) ||
	    !bundle_option_open(s, &o->opening, o->bundle ? o->bundle : BUNDLE_LATEST, &b, &path,
				e))
		return false;
	item = bundle_newest(&b, name);
	if (!item)
		return export_missing(s, &b, name, e);
	if (!item->key_pem.len)
		return err_set(
			e, ERR_INPUT,
			"the keys in '%s' are encrypted; name its passphrase with --passphrase-file or --passphrase-env",
			text_escaped(&s->arena, path));
	if (!bundle_export(&b, item, &zip, e) || !export_write(o->out, &zip, e))
		return err_in(e, "cannot export '%s'", text_escaped(&s->arena, name));
	term_note(&s->terminal,
		  "'%s' holds '%s', valid until %s, with its private key: keep it safe",
		  text_escaped(&s->arena, o->out), text_escaped(&s->arena, name), item->not_after);
	return true;
}

const struct command command_backup_export = {
	.name = "backup export",
	.words = "CERTIFICATE",
	.summary = "write a pair as a ZIP that other tools import",
	.help = "The newest generation in the newest bundle, as PEM entries without password:\nleaf.pem, chain.pem and ca.pem where there are such, key.pem. A certificate of\n'per: component' is named in full: NAME/COMPONENT. Only a former export is\noverwritten.\n\n" BUNDLE_HELP,
	.words_least = 1,
	.words_most = 1,
	.options = export_options,
	.options_size = sizeof(struct export_options),
	.run = run_export,
};
