/* SPDX-License-Identifier: Apache-2.0 */
/* State of an SSH connection, shared by the ssh_*.c files. */
#ifndef REMOTE_SSH_INTERNAL_H
#define REMOTE_SSH_INTERNAL_H

#include "base/err.h"
#include "remote/ssh.h"

#include <libssh2.h>
#include <libssh2_sftp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ssh {
	int fd;
	struct arena own;
	struct ssh_login login; /* strings in `own` */
	LIBSSH2_SESSION *session;
	LIBSSH2_KNOWNHOSTS *hosts; /* NULL: host key pinned, or checked already */
	bool ready;                /* the login was accepted */
	bool dropped;              /* closed by the server before its banner */
	LIBSSH2_SFTP *sftp;        /* NULL: not started yet */
	/* the request in progress */
	int64_t end_ms;
	bool gave_up; /* a wait has ended by the deadline or a stop: there is no other */
	bool begun;   /* it has results, or may have changed something there */
	bool broken;  /* the connection is unusable, reason in `error` */
	struct err error;
	struct ssh_ask *ask;
	int rc; /* last error code of libssh2 */
	LIBSSH2_SFTP_HANDLE *handle;
	LIBSSH2_CHANNEL *channel;
	char *output; /* script output, SSH_OUTPUT_LIMIT bytes */
	size_t said;  /* bytes in `output` */
};

/*
 * A request runs on a task.  Every call of libssh2 is repeated for as long as it
 * would block; a call that returns a handle leaves its code in the session, but
 * not always: without one it would block.  The code of the last call is in s->rc.
 */
#define SSH_CALL(s, call)                          \
	({                                         \
		ssize_t rc_ = 0;                   \
		do                                 \
			rc_ = (call);              \
		while (ssh_would_block((s), rc_)); \
		rc_;                               \
	})
#define SSH_OPEN(s, handle, call)  \
	do                         \
		(handle) = (call); \
	while (ssh_would_block((s), ssh_code_of((s), (handle))))

/* Stores the code and waits, unless a wait has ended already: then false at once. */
bool ssh_would_block(struct ssh *s, ssize_t rc);
ssize_t ssh_code_of(const struct ssh *s, const void *handle);
/* Waits for the socket although libssh2 does not say so. */
bool ssh_wait_in(struct ssh *s);
/* The connection broke while `doing`; returns false. */
bool ssh_broken(struct ssh *s, const char *doing);
/* Sets the preferred methods to those in `names` that libssh2 supports, in this order. */
MUST_CHECK bool ssh_prefer(struct ssh *s, int method, const char *names, struct err *e);
/* libssh2's last error, escaped. */
const char *ssh_error_text(const struct ssh *s, struct arena *a);

/* Host key: methods to offer before the handshake, and verification after it. */
MUST_CHECK bool ssh_host_expect(struct ssh *s, struct err *e);
MUST_CHECK bool ssh_host_check(struct ssh *s, struct err *e);

/*
 * One op.  False: it has failed, which its result says, or the connection broke;
 * what it has opened is closed afterwards.
 */
typedef bool ssh_op_fn(struct ssh *s, struct ssh_op *op);
ssh_op_fn ssh_look, ssh_link, ssh_list, ssh_read, ssh_write, ssh_rename, ssh_remove, ssh_run;
/* The last part of ssh_run(): what the script says. */
ssh_op_fn ssh_run_output;

#endif
