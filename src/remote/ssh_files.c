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

static enum socket_turn ssh_files_reject(struct ssh *s, struct ssh_op *op, const char *doing,
					 const char *why)
{
	op->result = SSH_FAILED;
	op->why = arena_printf(s->arena, "cannot %s '%s': %s", doing, op->path, why);
	return SOCKET_DONE;
}

/* Sorts a libssh2 error: wait, fail this op, or fail the connection. */
static enum socket_turn ssh_files_failed(struct ssh *s, struct ssh_op *op, const char *doing,
					 struct err *e)
{
	unsigned long status = 0;

	if (s->rc == LIBSSH2_ERROR_EAGAIN)
		return ssh_waits(s);
	if (s->rc != LIBSSH2_ERROR_SFTP_PROTOCOL)
		return ssh_broken(s, doing, e);
	status = libssh2_sftp_last_error(s->sftp);
	ssh_files_reject(s, op, doing, status_text(status));
	if (status == LIBSSH2_FX_NO_SUCH_FILE || status == LIBSSH2_FX_NO_SUCH_PATH)
		op->result = SSH_ABSENT;
	return SOCKET_DONE;
}

static enum socket_turn start_sftp(struct ssh *s, struct ssh_op *op, struct err *e)
{
	(void)op;
	if (!s->sftp)
		s->sftp = libssh2_sftp_init(s->session);
	if (ssh_got(s, s->sftp))
		return SOCKET_DONE;
	if (s->rc == LIBSSH2_ERROR_EAGAIN)
		return ssh_waits(s);
	return ssh_broken(s, "use SFTP there", e);
}

static struct fs_attr ssh_files_attr_of(const LIBSSH2_SFTP_ATTRIBUTES *a)
{
	return (struct fs_attr){ .mode = (mode_t)a->permissions,
				 .owner = (uid_t)a->uid,
				 .group = (gid_t)a->gid };
}

static enum socket_turn ssh_files_inspect(struct ssh *s, struct ssh_op *op, struct err *e)
{
	LIBSSH2_SFTP_ATTRIBUTES a = { 0 };
	const unsigned long wanted = LIBSSH2_SFTP_ATTR_UIDGID | LIBSSH2_SFTP_ATTR_PERMISSIONS;

	if (!ssh_good(s, libssh2_sftp_lstat(s->sftp, op->path, &a)))
		return ssh_files_failed(s, op, "look at", e);
	if ((a.flags & wanted) != wanted)
		return ssh_files_reject(s, op, "look at", "owner and mode are not told");
	op->found = ssh_files_attr_of(&a);
	s->size = a.flags & LIBSSH2_SFTP_ATTR_SIZE ? a.filesize : 0;
	return SOCKET_DONE;
}

static enum socket_turn ssh_files_follow(struct ssh *s, struct ssh_op *op, struct err *e)
{
	char text[PATH_MAX];
	int len = libssh2_sftp_readlink(s->sftp, op->path, text, sizeof(text));

	if (!ssh_good(s, len))
		return ssh_files_failed(s, op, "follow the link", e);
	op->text = arena_strndup(s->arena, text, (size_t)len);
	return SOCKET_DONE;
}

/* ---- list ---- */

static enum socket_turn ssh_files_open_directory(struct ssh *s, struct ssh_op *op, struct err *e)
{
	s->handle = libssh2_sftp_opendir(s->sftp, op->path);
	return ssh_got(s, s->handle) ? SOCKET_DONE : ssh_files_failed(s, op, "list directory", e);
}

static bool ssh_files_is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static enum socket_turn take_entries(struct ssh *s, struct ssh_op *op, struct err *e)
{
	for (;;) {
		LIBSSH2_SFTP_ATTRIBUTES a = { 0 };
		char name[NAME_MAX + 1];
		int len = libssh2_sftp_readdir(s->handle, name, sizeof(name), &a);

		if (!ssh_good(s, len))
			return ssh_files_failed(s, op, "list directory", e);
		if (!len)
			break;
		if (s->names.count > SSH_ENTRY_LIMIT)
			return ssh_files_reject(s, op, "list directory", "it has too many entries");

		const struct ssh_entry entry = {
			.name = arena_strndup(s->arena, name, (size_t)len),
			.attr = ssh_files_attr_of(&a),
		};

		if (!ssh_files_is_dots(entry.name))
			VEC_PUSH(&s->names, s->arena, entry);
	}
	op->entries = s->names.items;
	op->entry_count = s->names.count;
	return SOCKET_DONE;
}

/* ---- read ---- */

static enum socket_turn open_to_read(struct ssh *s, struct ssh_op *op, struct err *e)
{
	if (!S_ISREG(op->found.mode))
		return ssh_files_reject(s, op, "read", "it is not a regular file");
	if (s->size > SSH_FILE_LIMIT)
		return ssh_files_reject(s, op, "read", "it is too large");
	s->handle = libssh2_sftp_open(s->sftp, op->path, LIBSSH2_FXF_READ, 0);
	if (!ssh_got(s, s->handle))
		return ssh_files_failed(s, op, "read", e);
	secret_alloc(&op->got, (size_t)s->size);
	return SOCKET_DONE;
}

static enum socket_turn take_bytes(struct ssh *s, struct ssh_op *op, struct err *e)
{
	while (s->moved < op->got.len) {
		ssize_t some = libssh2_sftp_read(s->handle, (char *)op->got.bytes + s->moved,
						 op->got.len - s->moved);

		if (!ssh_good(s, some))
			return ssh_files_failed(s, op, "read", e);
		if (!some)
			return ssh_files_reject(s, op, "read", "it changes while read");
		s->moved += (size_t)some;
	}
	return SOCKET_DONE;
}

/* ---- write ---- */

static enum socket_turn create(struct ssh *s, struct ssh_op *op, struct err *e)
{
	s->handle = libssh2_sftp_open(
		s->sftp, op->path, LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | LIBSSH2_FXF_EXCL, 0600);
	return ssh_got(s, s->handle) ? SOCKET_DONE : ssh_files_failed(s, op, "create", e);
}

/* SFTP sets owner and group only together, so the other one must be known. */
static enum socket_turn learn_owner(struct ssh *s, struct ssh_op *op, struct err *e)
{
	LIBSSH2_SFTP_ATTRIBUTES a = { 0 };

	if (!ssh_good(s, libssh2_sftp_fstat(s->handle, &a)))
		return ssh_files_failed(s, op, "look at", e);
	op->found = ssh_files_attr_of(&a);
	return SOCKET_DONE;
}

/* Before the mode: chown may clear mode bits. */
static enum socket_turn give_owner(struct ssh *s, struct ssh_op *op, struct err *e)
{
	LIBSSH2_SFTP_ATTRIBUTES a = { .flags = LIBSSH2_SFTP_ATTR_UIDGID,
				      .uid = op->attr.owner,
				      .gid = op->attr.group };

	if (op->attr.owner == (uid_t)-1)
		a.uid = op->found.owner;
	if (op->attr.group == (gid_t)-1)
		a.gid = op->found.group;
	if (a.uid == op->found.owner && a.gid == op->found.group)
		return SOCKET_DONE;
	return ssh_good(s, libssh2_sftp_fsetstat(s->handle, &a))
		       ? SOCKET_DONE
		       : ssh_files_failed(s, op, "set the owner of", e);
}

static enum socket_turn give_mode(struct ssh *s, struct ssh_op *op, struct err *e)
{
	LIBSSH2_SFTP_ATTRIBUTES a = { .flags = LIBSSH2_SFTP_ATTR_PERMISSIONS,
				      .permissions = op->attr.mode };

	return ssh_good(s, libssh2_sftp_fsetstat(s->handle, &a))
		       ? SOCKET_DONE
		       : ssh_files_failed(s, op, "set the mode of", e);
}

static enum socket_turn put_bytes(struct ssh *s, struct ssh_op *op, struct err *e)
{
	while (s->moved < op->len) {
		ssize_t some = libssh2_sftp_write(s->handle, (const char *)op->bytes + s->moved,
						  op->len - s->moved);

		if (!some)
			return SOCKET_WAIT_IN;
		if (!ssh_good(s, some))
			return ssh_files_failed(s, op, "write", e);
		s->moved += (size_t)some;
	}
	return SOCKET_DONE;
}

static enum socket_turn sync_file(struct ssh *s, struct ssh_op *op, struct err *e)
{
	return ssh_good(s, libssh2_sftp_fsync(s->handle))
		       ? SOCKET_DONE
		       : ssh_files_failed(s, op, "make durable", e);
}

ssh_step_fn *const ssh_look_steps[] = { start_sftp, ssh_files_inspect, NULL };
ssh_step_fn *const ssh_link_steps[] = { start_sftp, ssh_files_follow, NULL };
ssh_step_fn *const ssh_list_steps[] = { start_sftp, ssh_files_open_directory, take_entries, NULL };
ssh_step_fn *const ssh_read_steps[] = { start_sftp, ssh_files_inspect, open_to_read, take_bytes,
					NULL };
ssh_step_fn *const ssh_write_steps[] = { start_sftp, create,    learn_owner, give_owner,
					 give_mode,  put_bytes, sync_file,   NULL };
