/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of one SSH connection share. */
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
	SSH_SHAKING, /* encryption, and whom we talk to */
	SSH_LOGGING_IN,
	SSH_READY
};

struct ssh {
	int fd;
	struct arena own;
	struct ssh_login login; /* its texts in `own` */
	LIBSSH2_SESSION *session;
	LIBSSH2_KNOWNHOSTS *hosts; /* NULL: its key is pinned */
	enum ssh_stage stage;
	bool dropped;       /* before its banner */
	LIBSSH2_SFTP *sftp; /* NULL: not needed yet */
	/* of the ask that goes on */
	struct arena *arena;
	size_t at;                   /* which op */
	unsigned step;               /* of the op; each has its own */
	size_t moved;                /* bytes of its content */
	uint64_t size;               /* of the file */
	VEC(struct ssh_entry) names; /* of the directory */
	int rc;                      /* what libssh2 answered last, when it was not good */
	LIBSSH2_SFTP_HANDLE *handle;
	LIBSSH2_CHANNEL *channel;
	char *output; /* of a script: SSH_OUTPUT_LIMIT bytes */
	size_t said;
};

/* What it waits for, when libssh2 says "again". */
enum socket_turn ssh_waits(const struct ssh *s);
/* The connection broke while `doing`; always SOCKET_FAILED. */
enum socket_turn ssh_broken(const struct ssh *s, const char *doing, struct err *e);
/*
 * Whether libssh2 gave a handle, or said that it is good (0 or more); notes
 * what it said when not.  Only the first leaves its number with the session,
 * and then not always.
 */
bool ssh_got(struct ssh *s, const void *handle);
bool ssh_good(struct ssh *s, ssize_t rc);
/* Of these methods, those that libssh2 has, in this order. */
MUST_CHECK bool ssh_prefer(struct ssh *s, int method, const char *names, struct err *e);
/* libssh2's last error, escaped. */
const char *ssh_error_text(const struct ssh *s, struct arena *a);

/* remote/ssh_host.c: before the handshake, and after it. */
MUST_CHECK bool ssh_host_expect(struct ssh *s, struct err *e);
MUST_CHECK bool ssh_host_check(struct ssh *s, struct err *e);

/*
 * An op is a few steps, each carried on until it is SOCKET_DONE; one that
 * fails by itself says so in the result, which ends the op.  What is open
 * then is closed afterwards.
 */
typedef enum socket_turn ssh_step_fn(struct ssh *s, struct ssh_op *op, struct err *e);
/* Each ends with NULL. */
extern ssh_step_fn *const ssh_look_steps[],
	*const ssh_link_steps[], *const ssh_list_steps[], *const ssh_read_steps[],
								  *const ssh_write_steps[],
									  *const ssh_run_steps[];

#endif
