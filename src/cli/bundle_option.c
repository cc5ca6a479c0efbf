/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bundle_option.h"

#include "engine/backup.h"

#include <unistd.h>

bool bundle_option_check(const struct bundle_options *o, struct err *e)
{
	return !!o->passphrase_file + !!o->passphrase_env + o->structure <= 1 ||
	       err_set(e, ERR_USAGE,
		       o->structure
			       ? "'--structure' needs no passphrase, and excludes those options"
			       : "'--passphrase-file' and '--passphrase-env' exclude each other");
}

/* Whether the fleet file says where the bundle is, or what opens it. */
static bool needs_fleet(const struct bundle_options *o, const char *word)
{
	return !bundle_word_is_path(word) ||
	       (!o->passphrase_file && !o->passphrase_env && !o->structure);
}

const struct secret_ref *bundle_option_secret(struct session *s, const struct bundle_options *o)
{
	struct secret_ref *passphrase = ARENA_NEW(&s->arena, struct secret_ref);

	if (o->passphrase_file)
		*passphrase = (struct secret_ref){ SECRET_FILE, .name = o->passphrase_file };
	if (o->passphrase_env)
		*passphrase = (struct secret_ref){ SECRET_ENV, .name = o->passphrase_env };
	return passphrase;
}

bool bundle_option_open(struct session *s, const struct bundle_options *o, const char *word,
			struct bundle *out, const char **path, struct err *e)
{
	const struct secret_ref *passphrase = bundle_option_secret(s, o);

	if (!bundle_option_check(o, e))
		return false;
	if (!s->fleet.name && needs_fleet(o, word) && access(s->file, F_OK) == 0 &&
	    !session_load(s, s->file, e))
		return false;
	if (!session_stateless(s, e) ||
	    !backup_open(s->engine, &(struct bundle_opening){ word, passphrase, o->structure }, out,
			 path, e))
		return false;
	/* the engine, whose it is, may be closed before the session */
	*path = arena_strdup(&s->arena, *path);
	return true;
}
