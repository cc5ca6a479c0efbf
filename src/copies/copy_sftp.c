/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory that is reached over SFTP, on a server that need not have a shell.
 * The file gets its name once it is whole, by a rename that replaces nothing.
 */
#include "copies/copy_kind.h"

#include <string.h>

static bool sftp_prepare(struct copy_session *s, struct err *e)
{
	const struct sftp *at = &s->job->copy->sftp;
	const struct ssh_access *a = s->options->ssh;

	s->ssh = (struct ssh_login){
		.user = at->user, .host = at->host, .port = at->port, .known_hosts = a->known_hosts
	};
	if (!copy_secret(s, &a->key, &s->ssh.key, e))
		return err_in(e, "cannot read the SSH key");
	if (a->passphrase.kind != SECRET_NONE &&
	    !copy_secret(s, &a->passphrase, &s->ssh.passphrase, e))
		return err_in(e, "cannot read the passphrase of the SSH key");
	return true;
}

/* The first op that failed is the error; `ops` are those of one request. */
static bool sftp_ask(struct copy_session *s, struct ssh_op *ops, size_t count, struct err *e)
{
	struct ssh_ask ask = { &s->ssh, s->job->arena, ops, count };
	struct exchange x = { .kind = EXCHANGE_SSH, .ssh = &ask, .reads = true, .bulk = true };

	if (!batch_request(s->conversation, &x, e))
		return false;
	for (size_t i = 0; i < count; i++)
		if (ops[i].needed && ops[i].result != SSH_DONE)
			return err_set(e, ops[i].result == SSH_ABSENT ? ERR_MISSING : ERR_REMOTE,
				       "%s", ops[i].why ? ops[i].why : "not tried");
	return true;
}

static const char *sftp_path(const struct copy_session *s, const char *before, const char *behind)
{
	return arena_printf(s->job->arena, "%s/%s%s%s", s->job->copy->path, before, s->job->name,
			    behind);
}

static bool sftp_get(struct copy_session *s, struct secret *out, struct err *e)
{
	struct ssh_op op = { .kind = SSH_READ,
			     .path = sftp_path(s, "", ""),
			     .limit = COPY_SIZE_LIMIT,
			     .needed = true };
	bool good = sftp_ask(s, &op, 1, e);

	if (good)
		*out = TAKE(op.got);
	secret_release(&op.got);
	return good;
}

static bool no_directory(struct copy_session *s, struct err *e)
{
	return err_set(e, ERR_REMOTE, "there is no directory '%s'; make it there",
		       s->job->copy->path);
}

static bool sftp_send(struct copy_session *s, struct err *e)
{
	const char *part = sftp_path(s, ".", ".part");
	struct ssh_op ops[] = {
		{ .kind = SSH_REMOVE, .path = part }, /* left by one that was cut off */
		{ .kind = SSH_WRITE,
		  .path = part,
		  .bytes = buf_text(s->job->bytes),
		  .len = s->job->bytes->len,
		  .attr = FS_PRIVATE,
		  .needed = true },
		{ .kind = SSH_RENAME, .path = part, .to = sftp_path(s, "", ""), .needed = true },
	};
	struct ssh_op removal = { .kind = SSH_REMOVE, .path = part };
	struct err ignored = { 0 };

	if (sftp_ask(s, ops, sizeof(ops) / sizeof(*ops), e))
		return true;
	if (e->code == ERR_MISSING)
		return no_directory(s, e);
	/* a disk that is full stays so with half a file on it */
	if (e->code == ERR_REMOTE && ops[1].result == SSH_FAILED &&
	    !sftp_ask(s, &removal, 1, &ignored))
		return false;
	return err_remedy(e, "look at the permissions and the space there");
}

static bool sftp_list(struct copy_session *s, copy_names *out, struct err *e)
{
	struct ssh_op op = { .kind = SSH_LIST, .path = s->job->copy->path, .needed = true };

	if (!sftp_ask(s, &op, 1, e))
		return e->code == ERR_MISSING ? no_directory(s, e) : false;
	for (size_t i = 0; i < op.entry_count; i++)
		copy_find_names(s, op.entries[i].name, strlen(op.entries[i].name), out);
	return true;
}

const struct copy_kind_ops copy_sftp = {
	.prepare = sftp_prepare,
	.get = sftp_get,
	.send = sftp_send,
	.list = sftp_list,
};
