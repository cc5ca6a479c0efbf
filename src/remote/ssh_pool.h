/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSH connections that nobody uses at the moment, for whoever asks the same
 * account next.  One that has lain too long, or was ended by the other side,
 * is not handed out.
 */
#ifndef REMOTE_SSH_POOL_H
#define REMOTE_SSH_POOL_H

#include "remote/ssh_session.h"

#include <stddef.h>
#include <stdint.h>

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
