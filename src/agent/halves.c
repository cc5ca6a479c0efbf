/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/halves.h"

#include "agent/confine.h"
#include "agent/install_half.h"
#include "agent/ipc.h"
#include "agent/listener.h"
#include "agent/network_half.h"
#include "base/decoder.h"
#include "base/stop.h"

#include <jansson.h>
#include <time.h>
#include <unistd.h>

enum {
	LEAVE_MS = 500, /* until the network half notices that we exit */
};

static void ready(const struct agent_start *start)
{
	start->listener.ready(start->listener.ctx);
}

static void halves_lost(const struct agent_start *start, const struct err *why)
{
	start->listener.lost(start->listener.ctx, why);
}

/* Loads what libraries read from files once, before confinement forbids it. */
static void read_ahead(void)
{
	tzset();
	json_object_seed(0);
}

static void halves_note(void *ctx, const char *text)
{
	const struct agent_start *start = ctx;

	start->listener.note(start->listener.ctx, text);
}

/* The package creates a user; without the package 'nobody' is still accepted. */
static void note_user(const struct agent_start *start)
{
	if (confine_is_shared(start->config->user))
		halves_note(
			(void *)start,
			"warning: the network half runs as 'nobody', as whom others run too; make a user for it (useradd --system certfleet-agent): a later release refuses 'nobody'");
}

/* ---- both halves ---- */

/* Both ends of the two channels. */
struct halves {
	int requests[2];
	int handshakes[2];
	int listener;
	pid_t network;
};

enum {
	INSTALLING, /* index of the installing half's ends */
	TALKING,
};

static void close_end(struct halves *h, int which)
{
	fd_auto(&h->requests[which]);
	fd_auto(&h->handshakes[which]);
	h->requests[which] = -1;
	h->handshakes[which] = -1;
}

static struct channels take_end(struct halves *h, int which)
{
	const struct channels taken = { h->requests[which], h->handshakes[which] };

	h->requests[which] = -1;
	h->handshakes[which] = -1;
	return taken;
}

static void halves_release(struct halves *h)
{
	close_end(h, INSTALLING);
	close_end(h, TALKING);
	fd_auto(&h->listener);
	if (h->network > 0)
		confine_end(h->network, LEAVE_MS);
}
AUTO_STRUCT(halves, struct halves, halves_release)

/* Runs in the child, before the installing half has read a key. */
static bool halves_talk(struct halves *h, const struct agent_config *c, pid_t parent, struct err *e)
{
	struct network_start start = { .config = c };
	int *const kept[] = { &start.listener, &start.channels.requests,
			      &start.channels.handshakes };

	close_end(h, INSTALLING);
	start.listener = TAKE_FD(h->listener);
	start.channels = take_end(h, TALKING);
	decoder_leave();
	read_ahead();
	return confine_descriptors(kept, sizeof(kept) / sizeof(*kept), e) &&
	       confine_become(c->user, e) && confine(parent, e) && network_run(&start, e);
}

static bool begin_talking(struct halves *h, const struct agent_start *start, struct err *e)
{
	pid_t parent = getpid();
	struct err why = { 0 };

	h->network = fork();
	if (h->network < 0)
		return err_sys(e, "cannot start the network half");
	if (h->network == 0) {
		/* the installing half exited, and reports the reason itself */
		if (halves_talk(h, start->config, parent, &why) || why.code == ERR_MISSING)
			_exit(0);
		halves_lost(start, &why);
		_exit(1);
	}
	close_end(h, TALKING);
	close(TAKE_FD(h->listener));
	return true;
}

static bool run_both(const struct agent_start *start, struct err *e)
{
	AUTO(halves)
	h = { .requests = { -1, -1 }, .handshakes = { -1, -1 }, .listener = -1 };
	AUTO(install_half) installing = NULL;
	struct channels mine;

	if (!listener_open(start->config, &h.listener, e) || !ipc_pair(h.requests, e) ||
	    !ipc_pair(h.handshakes, e) || !begin_talking(&h, start, e) ||
	    !install_half_open(start->config, &installing, e))
		return false;
	mine = take_end(&h, INSTALLING);
	install_half_note(installing, halves_note, (void *)start);
	note_user(start);
	ready(start);
	return install_half_run(installing, &mine, e);
}

/* ---- one half ---- */

static bool serve_one(struct install_half *h, int listener, uid_t who, struct err *e)
{
	struct channels channels;

	return ipc_socket_accept(listener, who, &channels, e) && install_half_run(h, &channels, e);
}

/* A failed network half does not end the loop: the next one may connect. */
static bool run_install(const struct agent_start *start, struct err *e)
{
	AUTO(install_half) half = NULL;
	AUTO(fd) listener = -1;
	struct err why = { 0 };
	uid_t who = 0;

	if (!confine_is_own_user(start->config->user, e) ||
	    !confine_user(start->config->user, &who, e) ||
	    !install_half_open(start->config, &half, e) ||
	    !ipc_socket_listen(start->socket, who, &listener, e))
		return false;
	install_half_note(half, halves_note, (void *)start);
	ready(start);
	while (!stop_requested())
		if (!serve_one(half, listener, who, &why) && why.code != ERR_STOPPED)
			halves_lost(start, &why);
	unlink(start->socket);
	return true;
}

static bool run_network(const struct agent_start *start, struct err *e)
{
	const struct agent_config *c = start->config;
	AUTO(fd) listener = -1;
	struct network_start network = { .config = c };

	/* first: the numbers of its descriptors are reused afterwards */
	decoder_leave();
	if (!confine_is_own_user(c->user, e) || !confine_descriptors(NULL, 0, e) ||
	    !listener_open(c, &listener, e) || !confine_become(c->user, e) ||
	    !ipc_socket_connect(start->socket, &network.channels, e))
		return false;
	network.listener = listener;
	read_ahead();
	ready(start);
	return confine(0, e) && network_run(&network, e);
}

bool agent_run(const struct agent_start *start, struct err *e)
{
	switch (start->half) {
	case AGENT_BOTH:
		return run_both(start, e);
	case AGENT_INSTALL:
		return run_install(start, e);
	case AGENT_NETWORK:
		return run_network(start, e);
	}
	return false;
}
