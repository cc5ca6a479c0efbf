/* SPDX-License-Identifier: Apache-2.0 */
/* One SSH connection, for one task of base/loop.h at a time. */
#ifndef REMOTE_SSH_SESSION_H
#define REMOTE_SSH_SESSION_H

#include "base/auto.h"
#include "base/err.h"
#include "remote/ssh.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ssh;

/* Starts SSH on a connected socket; owns `fd`, even on failure. */
MUST_CHECK bool ssh_open(int fd, const struct ssh_login *login, struct ssh **out, struct err *e);
/* Closes without waiting, even in the middle of a request. */
void ssh_close(struct ssh *s);
AUTO_TYPE(ssh, struct ssh *, ssh_close)

/* Handshake and login.  False: the connection is unusable; after ssh_gave_up() without an error. */
MUST_CHECK bool ssh_log_in(struct ssh *s, int64_t end_ms, struct err *e);
/* Runs the ops.  False as above. */
MUST_CHECK bool ssh_request(struct ssh *s, struct ssh_ask *ask, int64_t end_ms, struct err *e);
/* Whether the deadline or a stop has ended a wait. */
bool ssh_gave_up(const struct ssh *s);
/* Whether the request has progressed too far to be repeated on another connection. */
bool ssh_has_begun(const struct ssh *s);
/*
 * Whether the server closed the connection before its banner, as OpenSSH does
 * with too many connections (MaxStartups) or after failed logins
 * (PerSourcePenalties).
 */
bool ssh_was_dropped(const struct ssh *s);
/* Whether both logins can share a connection. */
bool ssh_login_equal(const struct ssh_login *a, const struct ssh_login *b);
/* Whether the connection was opened for this login. */
bool ssh_is_for(const struct ssh *s, const struct ssh_login *login);
/* False: the server is known to have closed the connection. */
bool ssh_is_alive(const struct ssh *s);

/* ---- connection pool (ssh_pool.c) ---- */

/*
 * Idle SSH connections, for the next request with the same login.  A connection
 * idle for more than SSH_IDLE_MS or closed by the server is not handed out.
 */

enum {
	SSH_IDLE_LIMIT = 256,
	SSH_IDLE_MS = 60000,
};

struct ssh_pool {
	struct ssh_idle {
		struct ssh *ssh;
		int64_t since_ms;
	} idle[SSH_IDLE_LIMIT]; /* the longest idle first */
	size_t count;
};

void ssh_pool_release(struct ssh_pool *p);
/* Removes a connection for this login from the pool; NULL: none. */
struct ssh *ssh_pool_take(struct ssh_pool *p, const struct ssh_login *login);
void ssh_pool_put(struct ssh_pool *p, struct ssh *s);

#endif
