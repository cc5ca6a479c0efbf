/* SPDX-License-Identifier: Apache-2.0 */
/* State of an SSH connection, shared by the ssh_*.c files. */
#ifndef REMOTE_SSH_INTERNAL_H
#define REMOTE_SSH_INTERNAL_H

#include "base/err.h"
#include "base/vec.h"
#include "remote/socket_wait.h"
#include "remote/ssh.h"

#include <libssh2.h>
#include <libssh2_sftp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum ssh_stage {
	SSH_SHAKING, /* handshake and host key check */
	SSH_LOGGING_IN,
	SSH_READY
};

struct ssh {
	int fd;
	struct arena own;
	struct ssh_login login; /* strings in `own` */
	LIBSSH2_SESSION *session;
	LIBSSH2_KNOWNHOSTS *hosts; /* NULL: host key pinned, or checked already */
	enum ssh_stage stage;
	bool dropped;       /* closed by the server before its banner */
	LIBSSH2_SFTP *sftp; /* NULL: not started yet */
	/* state of the current request */
	struct arena *arena;
	size_t at;                   /* index of the op */
	unsigned step;               /* index in the op's list of steps */
	size_t moved;                /* bytes of content read or written */
	uint64_t size;               /* of the file */
	VEC(struct ssh_entry) names; /* of the directory */
	int rc;                      /* last error code of libssh2 */
	LIBSSH2_SFTP_HANDLE *handle;
	LIBSSH2_CHANNEL *channel;
	char *output; /* script output, SSH_OUTPUT_LIMIT bytes */
	size_t said;  /* bytes in `output` */
};

/* The events to poll for after LIBSSH2_ERROR_EAGAIN. */
enum socket_turn ssh_waits(const struct ssh *s);
/* Sets the error for a connection that broke while `doing`; returns SOCKET_FAILED. */
enum socket_turn ssh_broken(const struct ssh *s, const char *doing, struct err *e);
/*
 * Whether a libssh2 call returned a handle, or a return code of 0 or more; else
 * the error code is stored in s->rc.  A call that returns a handle leaves the
 * code in the session, but not always: a missing one counts as EAGAIN.
 */
bool ssh_got(struct ssh *s, const void *handle);
bool ssh_good(struct ssh *s, ssize_t rc);
/* Sets the preferred methods to those in `names` that libssh2 supports, in this order. */
MUST_CHECK bool ssh_prefer(struct ssh *s, int method, const char *names, struct err *e);
/* libssh2's last error, escaped. */
const char *ssh_error_text(const struct ssh *s, struct arena *a);

/* Host key: methods to offer before the handshake, and verification after it. */
MUST_CHECK bool ssh_host_expect(struct ssh *s, struct err *e);
MUST_CHECK bool ssh_host_check(struct ssh *s, struct err *e);

/*
 * One step of an op, called until it returns SOCKET_DONE.  A failure of the op
 * alone is set in its result and ends the op; open handles are closed
 * afterwards.
 */
typedef enum socket_turn ssh_step_fn(struct ssh *s, struct ssh_op *op, struct err *e);
/* Steps of each kind of op, NULL-terminated. */
extern ssh_step_fn *const ssh_look_steps[],
	*const ssh_link_steps[], *const ssh_list_steps[], *const ssh_read_steps[],
								  *const ssh_write_steps[],
									  *const ssh_run_steps[];

#endif
