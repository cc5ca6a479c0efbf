/* SPDX-License-Identifier: Apache-2.0 */
/* Remote file operations, over SFTP. */
#include "base/vec.h"
#include "remote/ssh_internal.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static const char *status_text(unsigned long status)
{
	switch (status) {
	case LIBSSH2_FX_NO_SUCH_FILE:
	case LIBSSH2_FX_NO_SUCH_PATH:
		return "no such file or directory";
	case LIBSSH2_FX_PERMISSION_DENIED:
		return "permission denied";
	case LIBSSH2_FX_FILE_ALREADY_EXISTS:
		return "it is there already";
	case LIBSSH2_FX_NO_SPACE_ON_FILESYSTEM:
		return "no space left";
	case LIBSSH2_FX_OP_UNSUPPORTED:
		return "the server cannot do that";
	default: /* the protocol has more codes */
		return "the server says only that it failed";
	}
}

static bool ssh_files_reject(const struct ssh *s, struct ssh_op *op, const char *doing,
			     const char *why)
{
	op->result = SSH_FAILED;
	op->why = arena_printf(s->ask->arena, "cannot %s '%s': %s", doing, op->path, why);
	return false;
}

/* Sorts a libssh2 error: of this op alone, or of the connection. */
static bool ssh_files_failed(struct ssh *s, struct ssh_op *op, const char *doing)
{
	unsigned long status = 0;

	if (s->rc != LIBSSH2_ERROR_SFTP_PROTOCOL)
		return ssh_broken(s, doing);
	status = libssh2_sftp_last_error(s->sftp);
	ssh_files_reject(s, op, doing, status_text(status));
	if (status == LIBSSH2_FX_NO_SUCH_FILE || status == LIBSSH2_FX_NO_SUCH_PATH)
		op->result = SSH_ABSENT;
	return false;
}

static bool start_sftp(struct ssh *s)
{
	if (!s->sftp)
		SSH_OPEN(s, s->sftp, libssh2_sftp_init(s->session));
	return s->sftp || ssh_broken(s, "use SFTP there");
}

static struct fs_attr ssh_files_attr_of(const LIBSSH2_SFTP_ATTRIBUTES *a)
{
	return (struct fs_attr){ .mode = (mode_t)a->permissions,
				 .owner = (uid_t)a->uid,
				 .group = (gid_t)a->gid };
}

/* ---- look, link ---- */

static bool ssh_files_inspect(struct ssh *s, struct ssh_op *op, uint64_t *size)
{
	const unsigned long wanted = LIBSSH2_SFTP_ATTR_UIDGID | LIBSSH2_SFTP_ATTR_PERMISSIONS;
	LIBSSH2_SFTP_ATTRIBUTES a = { 0 };

	if (!start_sftp(s))
		return false;

	int rc = SSH_CALL(s, op->follows ? libssh2_sftp_stat(s->sftp, op->path, &a)
					 : libssh2_sftp_lstat(s->sftp, op->path, &a));

	if (rc)
		return ssh_files_failed(s, op, "look at");
	if ((a.flags & wanted) != wanted)
		return ssh_files_reject(s, op, "look at", "owner and mode are not told");
	s->begun = true;
	op->found = ssh_files_attr_of(&a);
	*size = a.flags & LIBSSH2_SFTP_ATTR_SIZE ? a.filesize : 0;
	return true;
}

bool ssh_look(struct ssh *s, struct ssh_op *op)
{
	uint64_t size = 0;

	return ssh_files_inspect(s, op, &size);
}

bool ssh_link(struct ssh *s, struct ssh_op *op)
{
	char text[PATH_MAX];
	int len = 0;

	if (!start_sftp(s))
		return false;
	len = SSH_CALL(s, libssh2_sftp_readlink(s->sftp, op->path, text, sizeof(text)));
	if (len < 0)
		return ssh_files_failed(s, op, "follow the link");
	s->begun = true;
	op->text = arena_strndup(s->ask->arena, text, (size_t)len);
	return true;
}

/* ---- list ---- */

bool ssh_list(struct ssh *s, struct ssh_op *op)
{
	VEC(struct ssh_entry) names = { 0 };
	LIBSSH2_SFTP_ATTRIBUTES attributes;
	char name[NAME_MAX + 1];
	int len = 0;

	if (!start_sftp(s))
		return false;
	SSH_OPEN(s, s->handle, libssh2_sftp_opendir(s->sftp, op->path));
	if (!s->handle)
		return ssh_files_failed(s, op, "list directory");
	s->begun = true;
	do {
		struct ssh_entry entry = { 0 };

		attributes = (LIBSSH2_SFTP_ATTRIBUTES){ 0 };
		len = SSH_CALL(s, libssh2_sftp_readdir(s->handle, name, sizeof(name), &attributes));
		if (len < 0)
			return ssh_files_failed(s, op, "list directory");
		if (names.count > SSH_ENTRY_LIMIT)
			return ssh_files_reject(s, op, "list directory", "it has too many entries");
		entry.name = arena_strndup(s->ask->arena, name, (size_t)len);
		entry.attr = ssh_files_attr_of(&attributes);
		if (len && strcmp(entry.name, ".") != 0 && strcmp(entry.name, "..") != 0)
			VEC_PUSH(&names, s->ask->arena, entry);
	} while (len); /* 0: there are no more */
	op->entries = names.items;
	op->entry_count = names.count;
	return true;
}

/* ---- read ---- */

bool ssh_read(struct ssh *s, struct ssh_op *op)
{
	uint64_t size = 0;

	if (!ssh_files_inspect(s, op, &size))
		return false;
	if (!S_ISREG(op->found.mode))
		return ssh_files_reject(s, op, "read", "it is not a regular file");
	if (size > (op->limit ? op->limit : SSH_FILE_LIMIT))
		return ssh_files_reject(s, op, "read", "it is too large");
	SSH_OPEN(s, s->handle, libssh2_sftp_open(s->sftp, op->path, LIBSSH2_FXF_READ, 0));
	if (!s->handle)
		return ssh_files_failed(s, op, "read");
	secret_alloc(&op->got, (size_t)size);
	for (size_t got = 0; got < op->got.len;) {
		ssize_t some = SSH_CALL(s, libssh2_sftp_read(s->handle, (char *)op->got.bytes + got,
							     op->got.len - got));
		if (some < 0)
			return ssh_files_failed(s, op, "read");
		if (!some)
			return ssh_files_reject(s, op, "read", "it changes while read");
		got += (size_t)some;
	}
	return true;
}

/* ---- write ---- */

static bool set_attributes(struct ssh *s, struct ssh_op *op, LIBSSH2_SFTP_ATTRIBUTES *a,
			   const char *doing)
{
	int rc = SSH_CALL(s, libssh2_sftp_fsetstat(s->handle, a));
	return !rc || ssh_files_failed(s, op, doing);
}

/*
 * SFTP sets owner and group only together, so the other one must be known.
 * Before the mode: chown may clear mode bits.
 */
static bool give_owner(struct ssh *s, struct ssh_op *op)
{
	LIBSSH2_SFTP_ATTRIBUTES a = { 0 };
	int rc = SSH_CALL(s, libssh2_sftp_fstat(s->handle, &a));

	if (rc)
		return ssh_files_failed(s, op, "look at");
	op->found = ssh_files_attr_of(&a);

	LIBSSH2_SFTP_ATTRIBUTES new = {
		.flags = LIBSSH2_SFTP_ATTR_UIDGID,
		.uid = op->attr.owner == (uid_t)-1 ? op->found.owner : op->attr.owner,
		.gid = op->attr.group == (gid_t)-1 ? op->found.group : op->attr.group,
	};

	return (new.uid == op->found.owner &&new.gid == op->found.group) ||
	       set_attributes(s, op, &new, "set the owner of");
}

static bool put_bytes(struct ssh *s, struct ssh_op *op)
{
	for (size_t sent = 0; sent < op->len;) {
		ssize_t some = 0;

		do
			some = libssh2_sftp_write(s->handle, (const char *)op->bytes + sent,
						  op->len - sent);
		while (ssh_would_block(s, some) || (!some && ssh_wait_in(s)));
		if (some <= 0)
			return ssh_files_failed(s, op, "write");
		sent += (size_t)some;
	}
	return true;
}

bool ssh_write(struct ssh *s, struct ssh_op *op)
{
	const long how = LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | LIBSSH2_FXF_EXCL;
	LIBSSH2_SFTP_ATTRIBUTES mode = { .flags = LIBSSH2_SFTP_ATTR_PERMISSIONS,
					 .permissions = op->attr.mode };

	if (!start_sftp(s))
		return false;
	s->begun = true; /* it cannot be told whether a broken create has made it */
	SSH_OPEN(s, s->handle, libssh2_sftp_open(s->sftp, op->path, how, 0600));
	if (!s->handle)
		return ssh_files_failed(s, op, "create");
	if (!give_owner(s, op) || !set_attributes(s, op, &mode, "set the mode of") ||
	    !put_bytes(s, op))
		return false;
	int rc = SSH_CALL(s, libssh2_sftp_fsync(s->handle));
	return !rc || ssh_files_failed(s, op, "make durable");
}

/* ---- rename, remove ---- */

/* Unlike rename(2), SFTP's replaces nothing. */
bool ssh_rename(struct ssh *s, struct ssh_op *op)
{
	if (!start_sftp(s))
		return false;
	s->begun = true;
	int rc = SSH_CALL(s, libssh2_sftp_rename_ex(s->sftp, op->path, strlen(op->path), op->to,
						    strlen(op->to), 0));
	return !rc || ssh_files_failed(s, op, "rename");
}

bool ssh_remove(struct ssh *s, struct ssh_op *op)
{
	if (!start_sftp(s))
		return false;
	s->begun = true;
	int rc = SSH_CALL(s, libssh2_sftp_unlink(s->sftp, op->path));
	return !rc || ssh_files_failed(s, op, "remove");
}
