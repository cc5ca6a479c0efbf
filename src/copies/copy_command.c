/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of the user's own, run in the directory of the fleet file with two
 * arguments behind the verb: a name, and the path of a file of this machine.
 *
 *	put NAME PATH    keeps the file as NAME
 *	get NAME PATH    writes what is kept as NAME to PATH
 *	list NAME PATH   writes the names that begin with NAME to PATH
 *
 * Status 0 is success.
 */
#include "base/child.h"
#include "base/fs.h"
#include "copies/copy_kind.h"
#include "remote/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool run_copy_command(const struct copy_session *s, const char *verb, const char *path,
			     struct err *e)
{
	const char *const *words = s->job->copy->argv;
	VEC(const char *) argv = { 0 };
	struct child c = { .directory = s->options->directory,
			   .timeout_ms = EXCHANGE_BULK_MS,
			   .sees_key = true,
			   .finishes = !strcmp(verb, "put") };

	for (; *words; words++)
		VEC_PUSH(&argv, s->job->arena, *words);
	VEC_PUSH(&argv, s->job->arena, verb);
	VEC_PUSH(&argv, s->job->arena, s->job->name);
	VEC_PUSH(&argv, s->job->arena, path);
	VEC_PUSH(&argv, s->job->arena, NULL);
	c.argv = argv.items;
	return child_run(&c, NULL, e) || err_in(e, "'%s'", verb);
}

/* What the command writes to a file, in a directory that only we can read. */
static bool read_from_command(const struct copy_session *s, const char *verb, struct secret *out,
			      struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	char *directory = (char *)arena_printf(s->job->arena, "%s/certfleet-copy-XXXXXX",
					       tmp && *tmp == '/' ? tmp : "/tmp");
	const char *path = NULL;
	bool good = false;

	if (!mkdtemp(directory))
		return err_sys(e, "cannot make a directory in '%s'",
			       fs_dirname(s->job->arena, directory));
	path = arena_printf(s->job->arena, "%s/%s", directory, s->job->name);
	good = run_copy_command(s, verb, path, e) &&
	       (fs_read_secret(path, COPY_SIZE_LIMIT, out, e) ||
		err_in(e, "'%s' ends with 0", verb));
	unlink(path);
	rmdir(directory);
	if (!good && e->code == ERR_MISSING)
		e->code = ERR_REMOTE;
	return good;
}

static bool command_list(struct copy_session *s, copy_names *out, struct err *e)
{
	AUTO(secret) text = { 0 };

	if (!read_from_command(s, "list", &text, e))
		return false;
	copy_find_names(s, text.bytes, text.len, out);
	return true;
}

static bool command_get(struct copy_session *s, struct secret *out, struct err *e)
{
	copy_names names = { 0 };

	if (!command_list(s, &names, e))
		return false;
	vec_each (name, &names)
		if (!strcmp(*name, s->job->name))
			return read_from_command(s, "get", out, e);
	return err_set(e, ERR_MISSING, "it keeps no '%s'", s->job->name);
}

static bool command_send(struct copy_session *s, struct err *e)
{
	return run_copy_command(s, "put", s->job->path, e);
}

const struct copy_kind_ops copy_command = {
	.get = command_get,
	.send = command_send,
	.list = command_list,
};
