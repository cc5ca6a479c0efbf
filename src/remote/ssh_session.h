/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One SSH connection.  It never waits: ssh_turn() goes as far as it can and
 * says what it waits for.
 */
#ifndef REMOTE_SSH_SESSION_H
#define REMOTE_SSH_SESSION_H

#include "base/auto.h"
#include "base/err.h"
#include "remote/socket_wait.h"
#include "remote/ssh.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ssh;

/* On a connected socket, which it takes over in any case. */
MUST_CHECK bool ssh_open(int fd, const struct ssh_login *login, struct ssh **out, struct err *e);
/* At once, whatever goes on. */
void ssh_close(struct ssh *s);
AUTO_TYPE(ssh, struct ssh *, ssh_close)

/*
 * Carries the ask on; the first call of an ask begins it.  SOCKET_FAILED:
 * the connection is of no use any more.
 */
enum socket_turn ssh_turn(struct ssh *s, struct ssh_ask *ask, struct err *e);
/* Whether anything was done that must not, or cannot, be done again. */
bool ssh_has_begun(const struct ssh *s, const struct ssh_ask *ask);
/*
 * Whether the host ended the connection before its banner: one that has too
 * many connections, or that punishes failed logins, does so.
 */
bool ssh_was_dropped(const struct ssh *s);
/* Whether the login was accepted. */
bool ssh_is_ready(const struct ssh *s);
/* Whether one connection serves both. */
bool ssh_login_equal(const struct ssh_login *a, const struct ssh_login *b);
int ssh_socket(const struct ssh *s);
/* Whether it was opened for just this login. */
bool ssh_is_for(const struct ssh *s, const struct ssh_login *login);
/* Whether the other side has not ended it, as far as is known here. */
bool ssh_is_alive(const struct ssh *s);

/* ---- remote/ssh_pool.c ---- */

/*
 * SSH connections that nobody uses at the moment, for whoever asks the same
 * account next.  One that has lain too long, or was ended by the other side,
 * is not handed out.
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
/* NULL: there is none. */
struct ssh *ssh_pool_take(struct ssh_pool *p, const struct ssh_login *login);
void ssh_pool_put(struct ssh_pool *p, struct ssh *s);

#endif
