/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/halves.h"

#include "agent/confine.h"
#include "agent/install_half.h"
#include "agent/network_half.h"
#include "base/decoder.h"
#include "base/stop.h"

#include <jansson.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	LEAVE_MS = 500, /* until the network half notices that we exit */
	BACKLOG = 512,
	SILENT_S = 10, /* connections without data stay in the kernel */
	PORT_TEXT = 8,
};

AUTO_TYPE(addresses, struct addrinfo *, freeaddrinfo)

bool agent_listen(const struct agent_config *c, int *out, struct err *e)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	const int yes = 1;
	const int silent = SILENT_S;
	AUTO(addresses) at = NULL;
	AUTO(fd) fd = -1;
	char port[PORT_TEXT];
	int rc = 0;

	snprintf(port, sizeof(port), "%u", c->port);
	rc = getaddrinfo(c->host, port, &hints, &at);
	if (rc)
		return err_set(e, ERR_INPUT, "cannot listen on '%s': %s", c->listen,
			       gai_strerror(rc));
	fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &silent, sizeof(silent)) ||
	    bind(fd, at->ai_addr, at->ai_addrlen) || listen(fd, BACKLOG))
		return err_sys(e, "cannot listen on '%s'", c->listen);
	*out = TAKE_FD(fd);
	return true;
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

/* ---- both halves ---- */

/* What the child that becomes the network half gets, and the other half keeps. */
struct halves {
	struct channels theirs;
	struct channels ours;
	int listener;
	pid_t network;
};

static void channels_close(struct channels *c)
{
	fd_auto(&c->requests);
	fd_auto(&c->handshakes);
	*c = (struct channels){ -1, -1 };
}

static void halves_release(struct halves *h)
{
	channels_close(&h->ours);
	channels_close(&h->theirs);
	fd_auto(&h->listener);
	if (h->network > 0)
		confine_end(h->network, LEAVE_MS);
}
AUTO_STRUCT(halves, struct halves, halves_release)

/* Before the installing half has read a key. */
static bool begin_network(struct halves *h, const struct agent_start *start, struct err *e)
{
	struct network_start mine = { .config = start->config };
	int *const kept[] = { &mine.listener, &mine.channels.requests, &mine.channels.handshakes };
	pid_t parent = getpid();
	struct err why = { 0 };

	h->network = fork();
	if (h->network < 0)
		return err_sys(e, "cannot start the network half");
	if (h->network > 0) {
		channels_close(&h->theirs);
		close(TAKE_FD(h->listener));
		return true;
	}
	channels_close(&h->ours);
	mine.listener = h->listener;
	mine.channels = h->theirs;
	decoder_leave();
	read_ahead();
	if (confine_descriptors(kept, sizeof(kept) / sizeof(*kept), &why) &&
	    confine_become(start->config->user, &why) && confine(parent, &why) &&
	    network_run(&mine, &why))
		_exit(0);
	if (why.code == ERR_MISSING)
		_exit(0); /* the installing half exited, and reports the reason itself */
	start->listener.lost(start->listener.ctx, &why);
	_exit(1);
}

static bool halves_connect(struct halves *h, struct err *e)
{
	int requests[2];
	int handshakes[2];

	if (!ipc_pair(requests, e))
		return false;
	h->ours.requests = requests[0];
	h->theirs.requests = requests[1];
	if (!ipc_pair(handshakes, e))
		return false;
	h->ours.handshakes = handshakes[0];
	h->theirs.handshakes = handshakes[1];
	return true;
}

static bool run_both(const struct agent_start *start, struct err *e)
{
	AUTO(halves)
	h = { .theirs = { -1, -1 }, .ours = { -1, -1 }, .listener = -1 };
	AUTO(install_half) installing = NULL;
	struct channels ours;

	if (!agent_listen(start->config, &h.listener, e) || !halves_connect(&h, e) ||
	    !begin_network(&h, start, e) || !install_half_open(start->config, &installing, e))
		return false;
	install_half_note(installing, halves_note, (void *)start);
	/* the package creates a user; without the package 'nobody' is still accepted */
	if (confine_is_shared(start->config->user))
		halves_note(
			(void *)start,
			"warning: the network half runs as 'nobody', as whom others run too; make a user for it (useradd --system certfleet-agent): a later release refuses 'nobody'");
	start->listener.ready(start->listener.ctx);
	ours = h.ours;
	h.ours = (struct channels){ -1, -1 };
	return install_half_run(installing, &ours, e);
}

/* ---- one half ---- */

/* A failed network half does not end the loop: the next one may connect. */
static bool run_install(const struct agent_start *start, struct err *e)
{
	AUTO(install_half) half = NULL;
	AUTO(fd) listener = -1;
	struct channels channels;
	struct err why = { 0 };
	uid_t who = 0;

	if (!confine_is_own_user(start->config->user, e) ||
	    !confine_user(start->config->user, &who, e) ||
	    !install_half_open(start->config, &half, e) ||
	    !ipc_socket_listen(start->socket, who, &listener, e))
		return false;
	install_half_note(half, halves_note, (void *)start);
	start->listener.ready(start->listener.ctx);
	while (!stop_requested())
		if ((!ipc_socket_accept(listener, who, &channels, &why) ||
		     !install_half_run(half, &channels, &why)) &&
		    why.code != ERR_STOPPED)
			start->listener.lost(start->listener.ctx, &why);
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
	    !agent_listen(c, &listener, e) || !confine_become(c->user, e) ||
	    !ipc_socket_connect(start->socket, &network.channels, e))
		return false;
	network.listener = listener;
	read_ahead();
	start->listener.ready(start->listener.ctx);
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
