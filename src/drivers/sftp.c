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
 * kills it there at its deadline.  It is run beside the store, under its lock, by a
 * process that outlives the connection and leaves the outcome there: a later probe
 * finds it, and an apply waits for one that still runs.
 */
#include "drivers/driver_table.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/text.h"
#include "drivers/ssh_target.h"
#include "json/record.h"

#include <string.h>

enum {
	GRACE_MS = 20000, /* for the remote timeout(1) to end the command first */
	OUTCOME_TRIES = 5,
	OUTCOME_WAIT_MS = 500, /* before the first of them; each waits twice as long */
};

static const char *sftp_origin(const struct component *c)
{
	return c->deliver.sftp.origin;
}

/* Sends the added operations, when there are any. */
static bool send_ops(struct driver_session *v, struct ssh_target *f, struct exchange *x,
		     struct err *e)
{
	if (!f->ops.count)
		return true;
	ssh_target_ask(f, x);
	return driver_request(v, x, e);
}

/* ---- writing a version ---- */

static const char *path_of_new(const struct ssh_target *f, enum file_kind part)
{
	const struct install_view *v = &f->view;
	size_t store = layout_store_of(&v->layout, part);

	return ssh_target_path(f, view_store_path(v, store, STORE_NEW), file_kind_names[part]);
}

static void add_file(struct ssh_target *f, enum ssh_kind kind, enum file_kind part,
		     const struct pair_file *p)
{
	struct ssh_op op = { .kind = kind, .path = path_of_new(f, part), .needed = true };

	if (kind == SSH_WRITE) {
		op.bytes = p->bytes.bytes;
		op.len = p->bytes.len;
		op.attr = p->attr;
	}
	ssh_target_add(f, op);
}

/* What SFTP cannot set is added by the script, before the files are read back. */
static void add_kept(struct ssh_target *f, const struct pair_files *files)
{
	struct ssh_script_ops script = { .arena = f->arena };
	bool has_any = false;

	for (int part = 0; part < FILE_KIND_COUNT; part++) {
		const struct pair_file *p = &files->parts[part];

		if (!p->there || !(p->attr.acl || p->attr.label))
			continue;
		ssh_script_keep(&script, path_of_new(f, (enum file_kind)part), &p->attr);
		has_any = true;
	}
	if (has_any)
		ssh_target_add(f, ssh_script_run(&script));
}

/*
 * The directories are made, and in the first store the links to what is in the
 * second; the files are written one by one, and then read back.
 */
static void add_write(struct ssh_target *f, const struct install_decision *d)
{
	static const enum ssh_kind kinds[] = { SSH_WRITE, SSH_READ };
	const struct layout *l = &f->view.layout;
	struct ssh_script_ops script = { .arena = f->arena };

	for (size_t i = 0; i < l->store_count; i++) {
		const char *new = view_store_path(&f->view, i, STORE_NEW);

		ssh_script_directory(&script, l->stores[i].path);
		ssh_script_remove(&script, new);
		ssh_script_directory(&script, new);
		ssh_script_sync(&script, l->slots[l->stores[i].slot].home);
		for (int part = 0; !i && part < FILE_KIND_COUNT; part++)
			if (l->stores[1].parts & 1U << part && d->written.parts[part].there)
				ssh_script_link(&script,
						ssh_target_path(f, new, file_kind_names[part]),
						layout_key_link(l, f->arena, d->writes,
								(enum file_kind)part));
	}
	ssh_target_add(f, ssh_script_run(&script));
	for (size_t i = 0; i < 2; i++) {
		for (int part = 0; part < FILE_KIND_COUNT; part++)
			if (d->written.parts[part].there)
				add_file(f, kinds[i], (enum file_kind)part,
					 &d->written.parts[part]);
		if (!i)
			add_kept(f, &d->written);
	}
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
static bool take_written(struct ssh_target *f, const struct pair_files *files, struct err *e)
{
	AUTO(pair_files) there = { 0 };

	if (f->ask->ops[0].status == SSH_SCRIPT_STRANGE)
		return err_set(e, ERR_IO, "'%s' on '%s' can be changed by other users; remove it",
			       f->view.layout.stores[0].path, f->login.host);
	for (size_t i = 0; i < f->ask->count; i++)
		if (f->ask->ops[i].result != SSH_DONE)
			return err_set(e, ERR_IO, "%s", sftp_reason(f, &f->ask->ops[i]));
	/* what is read back comes last */
	f->next = f->ask->count;
	for (int part = 0; part < FILE_KIND_COUNT; part++)
		f->next -= files->parts[part].there;
	for (int part = 0; part < FILE_KIND_COUNT; part++) {
		struct pair_file *p = &there.parts[part];

		if (!files->parts[part].there)
			continue;

		struct ssh_op *op = ssh_target_next(f);

		p->there = true;
		p->bytes = TAKE(op->got);
		p->attr = op->found;
		p->attr.mode &= 07777;
		p->attr.acl = files->parts[part].attr.acl; /* or the script had failed */
	}
	return pair_files_equal(&there, files) ||
	       err_set(e, ERR_IO, "the content of '%s' differs from what was written",
		       view_store_path(&f->view, 0, STORE_NEW));
}

/* ---- running the script ---- */

static bool check_script_end(const struct ssh_target *f, struct err *e)
{
	const struct ssh_op *op = &f->ask->ops[0];
	const char *path = view_first_path(&f->view);

	if (op->result == SSH_DONE)
		return true;
	if (op->status == SSH_SCRIPT_BUSY)
		return err_set(e, ERR_BUSY, "another certfleet is changing '%s' on '%s'", path,
			       f->login.host);
	if (op->status == SSH_SCRIPT_MOVED)
		return err_set(e, ERR_STALE, "'%s' on '%s' was changed meanwhile; plan again", path,
			       f->login.host);
	return err_set(e, ERR_IO, "cannot change '%s' on '%s': %s", path, f->login.host,
		       sftp_reason(f, op));
}

static void add_operation(const struct ssh_target *f, const struct install_op *op,
			  struct ssh_script_ops *script)
{
	const struct install_view *v = &f->view;
	const char *directory = op->in < INSTALL_IN_HOME
					? v->layout.stores[op->in].path
					: v->layout.slots[op->in - INSTALL_IN_HOME].home;
	const char *path = op->name ? ssh_target_path(f, directory, op->name) : directory;
	size_t store = 0;

	switch (op->kind) {
	case INSTALL_OP_EXPECT:
		ssh_script_expect(script, path, op->text);
		return;
	case INSTALL_OP_LINK:
		ssh_script_link(script, path, op->text);
		return;
	case INSTALL_OP_COPY:
		store = layout_store_of(&v->layout, v->layout.slots[op->in - INSTALL_IN_HOME].part);
		ssh_script_copy(script, path,
				ssh_target_path(f, view_store_path(v, store, op->kept), op->text));
		return;
	case INSTALL_OP_NAME:
		ssh_script_move(script, path, ssh_target_path(f, directory, op->text));
		return;
	case INSTALL_OP_CARRY:
		ssh_script_carry(script, ssh_target_path(f, path, op->text),
				 ssh_target_path(f, view_store_path(v, 0, op->kept), op->text),
				 op->in != INSTALL_IN_STORE);
		return;
	case INSTALL_OP_EXCHANGE:
		ssh_script_exchange(script, path, view_store_path(v, 0, op->kept), op->text);
		return;
	case INSTALL_OP_UNLINK:
		ssh_script_unlink(script, path);
		return;
	case INSTALL_OP_CLEAN:
		ssh_script_clean(script, path);
		return;
	case INSTALL_OP_REMOVE:
		ssh_script_remove(script, path);
		return;
	case INSTALL_OP_SYNC:
		ssh_script_sync(script, path);
		return;
	case INSTALL_OP_COUNT:
		break;
	}
}

/* ---- the verbs ---- */

/* Reads the names on the paths, then the files that they lead to. */
static bool look_there(struct driver_session *v, struct ssh_target *f, struct err *e)
{
	AUTO(exchange) names = { .reads = true };
	AUTO(exchange) contents = { .reads = true };

	ssh_target_ask_names(f);
	if (!send_ops(v, f, &names, e))
		return false;
	ssh_target_take_names(f);
	ssh_target_ask_contents(f);
	if (!send_ops(v, f, &contents, e))
		return false;
	ssh_target_take_contents(f);
	return true;
}

static bool write_version_there(struct driver_session *v, struct ssh_target *f,
				const struct install_decision *d, struct err *e)
{
	AUTO(exchange) x = { 0 };

	add_write(f, d);
	return send_ops(v, f, &x, e) && take_written(f, &d->written, e);
}

static bool execute_there(struct driver_session *v, struct ssh_target *f,
			  const struct install_decision *d, struct err *e)
{
	struct ssh_script_ops script = { .arena = f->arena };
	AUTO(exchange) x = { 0 };

	if (d->writes && !write_version_there(v, f, d, e))
		return false;
	if (!d->ops.count)
		return true;
	if (f->view.stores[0].is_there || d->writes)
		ssh_script_lock(&script, f->view.layout.stores[0].path, SSH_LOCK_S);
	vec_each (op, &d->ops)
		add_operation(f, op, &script);
	ssh_target_add(f, ssh_script_run(&script));
	return send_ops(v, f, &x, e) && check_script_end(f, e);
}

/* Waits for the end of a command that an earlier run began there. */
static bool await_there(struct driver_session *v, struct err *e)
{
	const struct job *j = v->job;
	struct ssh_script_ops script = { .arena = v->arena };
	struct ssh_target *f = NULL;
	AUTO(exchange) x = { .reads = true, .timeout_ms = j->awaits * 1000 + GRACE_MS };

	if (!ssh_target_new(v, &f, e))
		return false;
	ssh_script_lock(&script, f->view.layout.stores[0].path, j->awaits + SSH_LOCK_S);
	ssh_target_add(f, ssh_script_run(&script));
	if (!send_ops(v, f, &x, e))
		return false;
	return f->ask->ops[0].status != SSH_SCRIPT_BUSY ||
	       err_set(e, ERR_BUSY,
		       "an earlier activation of '%s' on '%s' has not ended in its time",
		       text_escaped(v->arena, j->component->process), f->login.host);
}

/* Every verb looks first, then decides, and changes what it has decided on. */
static bool sftp_verb(struct driver_session *v, struct err *e)
{
	AUTO(ssh_target) f = NULL;
	AUTO(install_decision) d = { 0 };
	struct job *j = v->job;

	if ((j->awaits && !await_there(v, e)) || !ssh_target_new(v, &f, e) || !look_there(v, f, e))
		return false;
	if (j->verb == DRIVER_READ)
		return view_read_pair(&f->view, j->arena, j->found, j->parsed_key, e);
	if (j->verb != DRIVER_PROBE)
		return install_decide(&f->view, &f->order, &d, e) && execute_there(v, f, &d, e);
	view_observe(&f->view, j->arena, &j->seen);
	ssh_target_observe_activation(f, &j->seen);
	j->seen.online = true;
	return true;
}

/* ---- activate ---- */

/* The status of timeout(1) shows whether the command was killed. */
static bool check_command_end(const struct driver_session *v, const struct ssh_target *f,
			      struct err *e)
{
	const struct ssh_op *op = &f->ask->ops[0];
	const struct activate *how = &v->job->component->activate;
	const char *name = text_escaped(v->arena, activate_argv(how, v->arena)[0]);
	AUTO(buf) said = { 0 };

	if (op->result == SSH_DONE)
		return true;
	if (op->status == SSH_SCRIPT_TIMED_OUT || op->status == SSH_SCRIPT_KILLED)
		return err_set(e, ERR_REMOTE,
			       "'%s' on '%s' did not end within %lld seconds, or was killed", name,
			       f->login.host, (long long)how->timeout);
	if (op->status < 0)
		return err_set(e, ERR_REMOTE, "'%s' on '%s' was not run to its end%s%s", name,
			       f->login.host, *op->why ? ": " : "", op->why);
	text_quote(&said, op->text, strlen(op->text));
	return err_set(e, ERR_REMOTE, "'%s' on '%s' ended with status %d%s", name, f->login.host,
		       op->status, buf_text(&said));
}

/* A connection that broke has ended nothing there: another one brings the outcome. */
static bool ask_outcome(struct driver_session *v, struct ssh_target *f, struct err *e)
{
	int64_t seconds = v->job->component->activate.timeout;
	const struct ssh_op run = f->ask->ops[0];
	struct ssh_script_ops script = { .arena = v->arena };
	const char *store = f->view.layout.stores[0].path;
	bool begun = run.status < 0;

	for (unsigned i = 0; begun && i < OUTCOME_TRIES && e->code != ERR_STOPPED; i++) {
		AUTO(exchange) x = { .timeout_ms = seconds * 1000 + GRACE_MS };

		loop_sleep(clock_mono_ms() + (OUTCOME_WAIT_MS << i));
		*e = (struct err){ 0 };
		ssh_script_lock(&script, store, seconds + SSH_LOCK_S);
		ssh_script_outcome(&script, store, &run);
		ssh_target_add(f, ssh_script_run(&script));
		if (send_ops(v, f, &x, e))
			return true;
	}
	return false;
}

static bool sftp_activate(struct driver_session *v, struct err *e)
{
	const struct job *j = v->job;
	const struct activate *how = &j->component->activate;
	struct ssh_script_command c = { .component = j->component->name,
					.fingerprint = j->fingerprint,
					.seconds = how->timeout,
					.unit = how->unit,
					.argv = activate_argv(how, v->arena) };
	struct ssh_script_ops script = { .arena = v->arena };
	struct ssh_target *f = NULL;
	AUTO(exchange) x = { .timeout_ms = how->timeout * 1000 + GRACE_MS };

	if (!c.argv)
		return true; /* no activation: the component watches its files */
	if (!ssh_target_new(v, &f, e))
		return false;
	c.store = f->view.layout.stores[0].path;
	ssh_script_directory(&script, c.store);
	ssh_script_lock(&script, c.store, SSH_LOCK_S);
	ssh_script_command(&script, &c);
	ssh_target_add(f, ssh_script_run(&script));
	/* without a status the shell there was killed, which ends the command no more */
	return ((send_ops(v, f, &x, e) && f->ask->ops[0].status >= 0) || ask_outcome(v, f, e)) &&
	       check_command_end(v, f, e);
}

static const struct member kept_sftp_members[] = {
	TEXT_MEMBER("origin", struct sftp, origin),
	TEXT_MEMBER("user", struct sftp, user),
	TEXT_MEMBER("host", struct sftp, host),
	NUMBER_MEMBER("port", struct sftp, port, 0, UINT16_MAX),
	TEXT_MEMBER("host_key", struct sftp, host_key, .absent = ABSENT_OMITTED),
	{ 0 },
};

static const struct member kept_sftp[] = {
	OBJECT_MEMBER("sftp", struct deliver, sftp, kept_sftp_members, .absent = ABSENT_OMITTED),
	{ 0 },
};

const struct driver sftp_driver = {
	.kept = kept_sftp,
	.sessions = {
		[DRIVER_PROBE] = sftp_verb,
		[DRIVER_STAGE] = sftp_verb,
		[DRIVER_COMMIT] = sftp_verb,
		[DRIVER_ABORT] = sftp_verb,
		[DRIVER_ACTIVATE] = sftp_activate,
		[DRIVER_REVERT] = sftp_verb,
		[DRIVER_REMOVE] = sftp_verb,
		[DRIVER_READ] = sftp_verb,
	},
	.origin = sftp_origin,
	.runs_commands = true,
};
