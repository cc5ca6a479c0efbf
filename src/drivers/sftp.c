/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver `sftp`: paths on a remote host, over SSH.
 *
 * Files are read and written over SFTP; links are created, moved and removed by
 * a script (drivers/ssh_script.c), because SFTP cannot rename over an existing
 * file.  Layout, rules and crash safety are those of install/: a version is
 * staged beside the target and read back, commit switches one link, files found
 * there are kept, revert switches the link back.
 *
 * Two differences.  A directory that existed before certfleet is exchanged with
 * the link by two renames, so for a moment neither exists.  And paths are
 * checked before use, by name: a user able to write to a directory on the path
 * could change it in between, which is why those directories are checked too.
 *
 * Activation runs a command on the remote host, with a clean environment, and
 * kills it there at its deadline.
 */
#include "drivers/driver_table.h"

#include "base/text.h"
#include "drivers/ssh_target.h"

#include <string.h>

enum {
	GRACE_MS = 20000, /* for the remote timeout(1) to end the command first */
};

static const char *sftp_origin(const struct component *c)
{
	return c->deliver.sftp.origin;
}

/* ---- a walk: read the paths, write a version if needed, run the script ---- */

enum walk_stage {
	WALK_BEGIN,
	WALK_NAMES,
	WALK_CONTENTS,
	WALK_WRITTEN,
	WALK_ACTED,
};

static void walk_release(struct ssh_decision *w)
{
	ssh_target_release(w->far);
	pair_files_release(&w->written);
	buf_release(&w->script.words);
}

/* ---- writing a version ---- */

static void ask_write(struct ssh_decision *w, struct exchange *ask)
{
	struct ssh_target *f = w->far;
	struct ssh_script_ops script = { .arena = f->arena };
	const char *new = ssh_target_version_path(f, STORE_NEW);

	ssh_script_directory(&script, f->store);
	ssh_script_remove(&script, new);
	ssh_script_directory(&script, new);
	ssh_script_sync(&script, f->layout.home);
	ssh_target_add(f, ssh_script_run(&script));
	for (int part = 0; part < FILE_KIND_COUNT; part++) {
		const struct pair_file *p = &w->written.parts[part];

		if (p->there)
			ssh_target_add(f, (struct ssh_op){ .kind = SSH_WRITE,
							   .path = ssh_target_path(
								   f, new, file_kind_names[part]),
							   .bytes = p->bytes.bytes,
							   .len = p->bytes.len,
							   .attr = p->attr,
							   .needed = true });
	}
	for (int part = 0; part < FILE_KIND_COUNT; part++)
		if (w->written.parts[part].there)
			ssh_target_add(f, (struct ssh_op){ .kind = SSH_READ,
							   .path = ssh_target_path(
								   f, new, file_kind_names[part]),
							   .needed = true });
	ssh_target_ask(f, ask);
}

static bool reads_the_same(struct ssh_decision *w, struct err *e)
{
	struct ssh_target *f = w->far;
	AUTO(pair_files) there = { 0 };

	for (int part = 0; part < FILE_KIND_COUNT; part++) {
		struct pair_file *p = &there.parts[part];

		if (!w->written.parts[part].there)
			continue;

		struct ssh_op *op = ssh_target_next(f);

		p->there = true;
		p->bytes = TAKE(op->got);
		p->attr = op->found;
		p->attr.mode &= 07777;
	}
	return pair_files_equal(&there, &w->written) ||
	       err_set(e, ERR_IO, "the content of '%s' differs from what was written",
		       ssh_target_version_path(f, STORE_NEW));
}

/* The reason of a failed script, which may have printed nothing. */
static const char *sftp_reason(const struct ssh_target *f, const struct ssh_op *op)
{
	if (*op->why)
		return op->why;
	return op->status < 0 ? "the script there was cut off"
			      : arena_printf(f->arena, "the script there ended with status %d",
					     op->status);
}

/* Every op was `needed`, so the first one not done has the reason. */
static bool take_written(struct ssh_decision *w, struct err *e)
{
	struct ssh_target *f = w->far;

	if (f->ask->ops[0].status == SSH_SCRIPT_STRANGE)
		return err_set(e, ERR_IO, "'%s' on '%s' can be changed by other users; remove it",
			       f->store, f->login.host);
	for (size_t i = 0; i < f->ask->count; i++)
		if (f->ask->ops[i].result != SSH_DONE)
			return err_set(e, ERR_IO, "%s", sftp_reason(f, &f->ask->ops[i]));
	ssh_target_next(f); /* skip the script that made the directory */
	for (int part = 0; part < FILE_KIND_COUNT; part++)
		if (w->written.parts[part].there)
			ssh_target_next(f); /* skip the writes */
	return reads_the_same(w, e);
}

/* ---- running the script ---- */

static bool check_script_end(const struct ssh_decision *w, struct err *e)
{
	const struct ssh_target *f = w->far;
	const struct ssh_op *op = &f->ask->ops[0];

	if (op->result == SSH_DONE)
		return true;
	if (op->status == SSH_SCRIPT_BUSY)
		return err_set(e, ERR_BUSY, "another certfleet is changing '%s' on '%s'",
			       ssh_target_first_path(f), f->login.host);
	if (op->status == SSH_SCRIPT_MOVED)
		return err_set(e, ERR_STALE, "'%s' on '%s' was changed meanwhile; plan again",
			       ssh_target_first_path(f), f->login.host);
	return err_set(e, ERR_IO, "cannot change '%s' on '%s': %s", ssh_target_first_path(f),
		       f->login.host, sftp_reason(f, op));
}

static enum turn ask_script(struct visit *v, struct ssh_decision *w, struct exchange *ask)
{
	if (!w->script.words.len)
		return TURN_DONE;
	ssh_target_add(w->far, ssh_script_run(&w->script));
	ssh_target_ask(w->far, ask);
	v->stage = WALK_ACTED;
	return TURN_ASK;
}

/* ---- the steps of the walk ---- */

static enum turn decide(struct visit *v, struct exchange *ask, struct err *e)
{
	struct ssh_decision *w = v->memory;

	if (!ssh_target_decide(w, e))
		return TURN_FAILED;
	if (!w->writes)
		return ask_script(v, w, ask);
	ask_write(w, ask);
	v->stage = WALK_WRITTEN;
	return TURN_ASK;
}

static enum turn sftp_walk_begin(struct visit *v, struct exchange *ask, struct err *e)
{
	struct ssh_decision *w = ARENA_NEW(v->arena, struct ssh_decision);

	w->script.arena = v->arena;
	v->memory = w;
	if (!ssh_target_new(v, &w->far, e))
		return TURN_FAILED;
	ssh_target_ask_names(w->far);
	ssh_target_ask(w->far, ask);
	ask->reads = true;
	v->stage = WALK_NAMES;
	return TURN_ASK;
}

static enum turn walk_names(struct visit *v, struct exchange *ask, struct err *e)
{
	struct ssh_decision *w = v->memory;

	ssh_target_take_names(w->far);
	ssh_target_ask_contents(w->far);
	if (!w->far->ops.count)
		return decide(v, ask, e);
	ssh_target_ask(w->far, ask);
	ask->reads = true;
	v->stage = WALK_CONTENTS;
	return TURN_ASK;
}

static enum turn step(struct visit *v, struct exchange *ask, struct err *e)
{
	struct ssh_decision *w = v->memory;

	if (v->reply && v->reply->error.code)
		return no_reply(v, e);
	switch ((enum walk_stage)v->stage) {
	case WALK_BEGIN:
		return sftp_walk_begin(v, ask, e);
	case WALK_NAMES:
		return walk_names(v, ask, e);
	case WALK_CONTENTS:
		ssh_target_take_contents(w->far);
		return decide(v, ask, e);
	case WALK_WRITTEN:
		return take_written(w, e) ? ask_script(v, w, ask) : TURN_FAILED;
	case WALK_ACTED:
		return check_script_end(w, e) ? TURN_DONE : TURN_FAILED;
	}
	return TURN_FAILED;
}

static enum turn sftp_walk(struct visit *v, struct exchange *ask, struct err *e)
{
	enum turn t = step(v, ask, e);

	if (t != TURN_ASK && v->memory)
		walk_release(v->memory);
	return t;
}

/* ---- activate ---- */

static enum turn sftp_ask_command(struct visit *v, struct exchange *ask, struct err *e)
{
	const struct job *j = v->job;
	const struct activate *how = &j->component->activate;
	const struct ssh_script_command c = { .component = j->component->name,
					      .fingerprint = j->fingerprint,
					      .seconds = how->timeout,
					      .argv = how->argv };
	struct ssh_script_ops script = { .arena = v->arena };
	struct ssh_target *f = NULL;

	if (!ssh_target_new(v, &f, e))
		return TURN_FAILED;
	v->memory = f;
	ssh_script_command(&script, &c);
	ssh_target_add(f, ssh_script_run(&script));
	ssh_target_ask(f, ask);
	ask->timeout_ms = how->timeout * 1000 + GRACE_MS;
	return TURN_ASK;
}

/* The status of timeout(1) shows whether the command was killed. */
static bool check_command_end(const struct visit *v, struct err *e)
{
	const struct ssh_target *f = v->memory;
	const struct ssh_op *op = &f->ask->ops[0];
	const struct activate *how = &v->job->component->activate;
	const char *name = text_escaped(v->arena, how->argv[0]);

	if (op->result == SSH_DONE)
		return true;
	if (op->status == SSH_SCRIPT_TIMED_OUT || op->status == SSH_SCRIPT_KILLED)
		return err_set(e, ERR_REMOTE,
			       "'%s' on '%s' did not end within %lld seconds, or was killed", name,
			       f->login.host, (long long)how->timeout);
	if (op->status < 0)
		return err_set(e, ERR_REMOTE, "'%s' on '%s' was not run to its end%s%s", name,
			       f->login.host, *op->why ? ": " : "", op->why);
	return err_set(e, ERR_REMOTE, "'%s' on '%s' ended with status %d%s%s", name, f->login.host,
		       op->status, *op->why ? ": " : "", op->why);
}

static enum turn sftp_activate(struct visit *v, struct exchange *ask, struct err *e)
{
	if (v->job->component->activate.kind != ACTIVATE_COMMAND)
		return TURN_DONE; /* no activation: the component watches its files */
	if (!v->reply)
		return sftp_ask_command(v, ask, e);
	if (v->reply->error.code)
		return no_reply(v, e);
	return check_command_end(v, e) ? TURN_DONE : TURN_FAILED;
}

const struct driver sftp_driver = {
	.turns = {
		[DRIVER_PROBE] = sftp_walk,
		[DRIVER_STAGE] = sftp_walk,
		[DRIVER_COMMIT] = sftp_walk,
		[DRIVER_ABORT] = sftp_walk,
		[DRIVER_ACTIVATE] = sftp_activate,
		[DRIVER_REVERT] = sftp_walk,
		[DRIVER_REMOVE] = sftp_walk,
		[DRIVER_READ] = sftp_walk,
	},
	.origin = sftp_origin,
	.runs_commands = true,
};
