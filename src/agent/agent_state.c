/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent_state.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/text.h"
#include "crypto/crypto.h"

#include <dirent.h>
#include <string.h>

#define MARK "agent" /* the file that says whose folder it is; records end in .json */

enum {
	NAME_ROOM = 200,
	MARK_ROOM = 8192,
};

AUTO_TYPE(dirstream, DIR *, closedir)

/* Whose folder it is; NULL: nobody's. */
static bool read_mark(const char *folder, struct arena *a, const char **out, struct err *e)
{
	AUTO(buf) text = { 0 };

	*out = NULL;
	if (!fs_read(arena_printf(a, "%s/" MARK, folder), MARK_ROOM, &text, e))
		return err_ignore(e, ERR_MISSING);
	*out = arena_strndup(a, buf_text(&text), strcspn(buf_text(&text), "\n"));
	return true;
}

static bool write_mark(const char *folder, const char *path, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *text = arena_printf(&a, "%s\n", path);

	return fs_make_private_dir(folder, e) &&
	       fs_replace(arena_printf(&a, "%s/" MARK, folder), text, strlen(text), FS_PRIVATE, e);
}

/* Whether agents of former versions have kept their records here. */
static bool has_records(const char *folder)
{
	AUTO(dirstream) dir = opendir(folder);

	for (const struct dirent *d = dir ? readdir(dir) : NULL; d; d = readdir(dir)) {
		size_t len = strlen(d->d_name);

		if (len > 5 && d->d_name[0] != '.' && !strcmp(d->d_name + len - 5, ".json"))
			return true;
	}
	return false;
}

/* One name for each path of a configuration. */
static const char *own_folder(const char *host, const char *path, struct arena *a)
{
	AUTO(buf) name = { 0 };
	char digest[SHA256_TEXT];

	text_percent(&name, path + 1);
	if (name.len <= NAME_ROOM)
		return arena_printf(a, "%s/%s", host, buf_text(&name));
	sha256_text(path, strlen(path), digest);
	return arena_printf(a, "%s/long-%s", host, digest);
}

bool agent_state_claim(struct agent_config *c, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *path = fs_absolute(&a, c->path);
	const char *folder = c->state;
	const char *owner = NULL;

	if (!read_mark(folder, &a, &owner, e))
		return err_in(e, "cannot use '%s'", folder);
	if (c->shares_state && (owner ? strcmp(owner, path) != 0 : !has_records(folder))) {
		folder = own_folder(folder, path, &a);
		owner = NULL;
		if (!read_mark(folder, &a, &owner, e))
			return err_in(e, "cannot use '%s'", folder);
	}
	if (owner && strcmp(owner, path) != 0)
		return err_set(
			e, ERR_INPUT,
			"'%s' is the folder of the agent with the configuration '%s'; say another 'state:', or remove '%s/" MARK
			"' if that agent is gone or its configuration was moved",
			folder, text_escaped(&a, owner), folder);
	if (!owner && !write_mark(folder, path, e))
		return err_in(e, "cannot use '%s'", folder);
	c->state = arena_strdup(&c->arena, folder);
	return true;
}

static void clean_beside(const char *path)
{
	AUTO(arena) a = { 0 };

	if (path)
		fs_clear_leftovers(fs_dirname(&a, path), strrchr(path, '/') + 1);
}

void agent_files_clean(const struct agent_config *c)
{
	clean_beside(c->key);
	clean_beside(c->certificate);
	clean_beside(c->client_ca);
	clean_beside(c->allow_file);
}
