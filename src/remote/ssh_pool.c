/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/ssh_session.h"

#include "base/clock.h"

#include <string.h>

void ssh_pool_release(struct ssh_pool *p)
{
	while (p->count > 0)
		ssh_close(p->idle[--p->count].ssh);
}

static struct ssh *remove_at(struct ssh_pool *p, size_t at)
{
	struct ssh *s = p->idle[at].ssh;

	p->count--;
	memmove(&p->idle[at], &p->idle[at + 1], (p->count - at) * sizeof(*p->idle));
	return s;
}

static void drop_old(struct ssh_pool *p)
{
	int64_t oldest = clock_mono_ms() - SSH_IDLE_MS;

	while (p->count && p->idle[0].since_ms < oldest)
		ssh_close(remove_at(p, 0));
}

struct ssh *ssh_pool_take(struct ssh_pool *p, const struct ssh_login *login)
{
	drop_old(p);
	for (size_t at = p->count; at-- > 0;) {
		if (!ssh_is_for(p->idle[at].ssh, login))
			continue;

		struct ssh *s = remove_at(p, at);

		if (ssh_is_alive(s))
			return s;
		ssh_close(s);
	}
	return NULL;
}

void ssh_pool_put(struct ssh_pool *p, struct ssh *s)
{
	drop_old(p);
	if (p->count == SSH_IDLE_LIMIT)
		ssh_close(remove_at(p, 0));
	p->idle[p->count++] = (struct ssh_idle){ .ssh = s, .since_ms = clock_mono_ms() };
}
