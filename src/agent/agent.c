/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include "agent/channel.h"
#include "agent/confine.h"
#include "agent/install.h"
#include "agent/listener.h"
#include "agent/network.h"
#include "base/fs.h"
#include "pki/pair.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Both ends of both channels. */
struct halves {
	int requests[2];
	int handshakes[2];
	int listener;
	pid_t network;
};

enum {
	INSTALLING, /* index of its ends */
	TALKING,
};

static void close_end(struct halves *h, int which)
{
	fd_auto(&h->requests[which]);
	fd_auto(&h->handshakes[which]);
	h->requests[which] = -1;
	h->handshakes[which] = -1;
}

static void halves_release(struct halves *h)
{
	close_end(h, INSTALLING);
	close_end(h, TALKING);
	fd_auto(&h->listener);
	if (h->network > 0)
		while (waitpid(h->network, NULL, 0) < 0 && errno == EINTR)
			continue;
}
AUTO_STRUCT(halves, struct halves, halves_release)

/* In the child: the installing half has not read a key yet. */
static bool talk(struct halves *h, const struct agent_config *c, struct err *e)
{
	AUTO(buf) authority = { 0 };
	const struct network_start start = {
		.config = c,
		.authority = &authority,
		.listener = h->listener,
		.channels = { h->requests[TALKING], h->handshakes[TALKING] },
	};

	close_end(h, INSTALLING);
	if (!fs_read(c->client_ca, INPUT_FILE_LIMIT, &authority, e))
		return err_in(e, "cannot read who may call");
	return confine(c->user, e) && network_run(&start, e);
}

static bool begin_talking(struct halves *h, const struct agent_config *c,
			  struct err *e)
{
	struct err why = { 0 };

	h->network = fork();
	if (h->network < 0)
		return err_sys(e, "cannot start the network half");
	if (h->network == 0) {
		h->network = 0;
		/* the other half has gone: that one says why */
		if (talk(h, c, &why) || why.code == ERR_MISSING)
			_exit(0);
		fprintf(stderr, "certfleet: network half: %s\n", why.text);
		_exit(1);
	}
	close_end(h, TALKING);
	fd_auto(&h->listener);
	h->listener = -1;
	return true;
}

bool agent_run(const struct agent_start *start, struct err *e)
{
	AUTO(halves)
	h = { .requests = { -1, -1 },
	      .handshakes = { -1, -1 },
	      .listener = -1 };
	AUTO(install_half) installing = NULL;

	if (!listener_open(start->config, &h.listener, e) ||
	    !channel_pair(h.requests, e) || !channel_pair(h.handshakes, e) ||
	    !begin_talking(&h, start->config, e) ||
	    !install_half_open(start->config, &installing, e))
		return false;

	const struct channels mine = { h.requests[INSTALLING],
				       h.handshakes[INSTALLING] };

	start->ready(start->ctx);
	return install_half_run(installing, &mine, e);
}
