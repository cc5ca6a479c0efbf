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

/* Runs it for a file that it writes, and removes that. */
static bool read_written(const struct copy_session *s, const char *verb, const char *path,
			 struct secret *out, struct err *e)
{
	bool good = false;

	unlink(path); /* left by one that was killed */
	good = run_copy_command(s, verb, path, e);
	if (good && !fs_read_secret(path, COPY_SIZE_LIMIT, out, e)) {
		if (e->code == ERR_MISSING)
			e->code = ERR_REMOTE;
		good = err_in(e, "'%s' ends with status 0", verb);
	}
	unlink(path);
	return good;
}

/* Beside the bundle, under a name that fs_clear_leftovers() knows. */
static const char *path_beside(const struct copy_session *s, const char *verb)
{
	struct arena *a = s->job->arena;

	return arena_printf(a, "%s/.%s.tmp-%s", fs_dirname(a, s->job->path), s->job->name, verb);
}

/* Names are no secret, and a plan writes nothing beside the fleet file. */
static bool list_elsewhere(struct copy_session *s, struct secret *out, struct err *e)
{
	char directory[] = "/tmp/certfleet-copy-XXXXXX";
	bool good = false;

	if (!mkdtemp(directory))
		return err_sys(e, "cannot make a directory in '/tmp'");
	good = read_written(s, "list", arena_printf(s->job->arena, "%s/names", directory), out, e);
	rmdir(directory);
	return good;
}

static bool command_list(struct copy_session *s, copy_names *out, struct err *e)
{
	AUTO(secret) text = { 0 };

	if (s->job->path ? !read_written(s, "list", path_beside(s, "list"), &text, e)
			 : !list_elsewhere(s, &text, e))
		return false;
	copy_find_names(s, text.bytes, text.len, out);
	return true;
}

static bool command_get(struct copy_session *s, struct secret *out, struct err *e)
{
	copy_names names = { 0 };

	if (!s->job->path)
		return err_set(e, ERR_INPUT, "a command has no URL to read from");
	if (!command_list(s, &names, e))
		return false;
	vec_each (name, &names)
		if (!strcmp(*name, s->job->name))
			return read_written(s, "get", path_beside(s, "get"), out, e);
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
