/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/network.h"

#include "agent/channel.h"
#include "agent/door.h"
#include "agent/http.h"
#include "agent/remote_key.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/stop.h"
#include "pki/callers.h"
#include "pki/tls_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	SWEEP_MS = 250,
	QUIET_MS = 5000, /* between looks when nobody is there */
	EVENTS = 64,
	ACCEPTS = 32, /* at a time */
};

/* What an event is about; a guest by its address. */
static char listener_tag;
static char http_tag;
static char requests_tag;

struct network {
	const struct network_start *start;
	struct door door;
	struct callers *callers;
	struct tls_server *tls;
	struct http *http;
	int epoll;
};

static void network_release(struct network *n)
{
	http_free(n->http);
	door_release(&n->door);
	tls_server_free(n->tls);
	callers_free(n->callers);
	fd_auto(&n->epoll);
}
AUTO_STRUCT(network, struct network, network_release)

static bool watch(const struct network *n, int fd, uint32_t events, void *tag,
		  struct err *e)
{
	struct epoll_event event = { .events = events, .data.ptr = tag };

	if (epoll_ctl(n->epoll, EPOLL_CTL_ADD, fd, &event))
		return err_sys(e, "cannot watch a socket");
	return true;
}

static bool open_all(struct network *n, struct err *e)
{
	const struct network_start *s = n->start;
	const struct tls_key_holder holder = remote_key(&s->channels);

	n->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (n->epoll < 0)
		return err_sys(e, "cannot watch sockets");
	if (!callers_new(s->config, s->authority->data, s->authority->len,
			 &n->callers, e))
		return err_in(e, "'%s'", s->config->client_ca);
	n->tls = tls_server_new(&holder, n->callers);
	return http_new(n->tls, s->channels.requests, &n->door, &n->http, e) &&
	       watch(n, s->listener, EPOLLIN, &listener_tag, e) &&
	       watch(n, http_fd(n->http), EPOLLIN, &http_tag, e) &&
	       watch(n, s->channels.requests, EPOLLIN, &requests_tag, e);
}

/* ---- what happens ---- */

/* The library owns the descriptor from then on, also when it refuses. */
static void take_connection(struct network *n, int fd,
			    const struct sockaddr_storage *address,
			    socklen_t len)
{
	struct guest *g = door_admit(&n->door, fd, address, len);
	struct err ignored = { 0 };

	if (!g) {
		close(fd);
		return;
	}
	if (!watch(n, fd, EPOLLIN | EPOLLET, g, &ignored)) {
		door_leave(&n->door, g);
		close(fd);
		return;
	}
	http_take(n->http, g);
}

static void take_connections(struct network *n)
{
	for (int i = 0; i < ACCEPTS; i++) {
		struct sockaddr_storage address = { 0 };
		socklen_t len = sizeof(address);
		int fd = accept4(n->start->listener, (void *)&address, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		take_connection(n, fd, &address, len);
	}
}

/* A guest that left since has no event any more: its socket is closed. */
static bool take_event(struct network *n, const struct epoll_event *event,
		       struct err *e)
{
	if (event->data.ptr == &listener_tag)
		take_connections(n);
	else if (event->data.ptr == &requests_tag)
		return http_take_answer(n->http, e);
	else if (event->data.ptr != &http_tag)
		door_heard(event->data.ptr);
	return true;
}

/* Guests are looked at before anything can make one leave. */
static bool turn(struct network *n, struct err *e)
{
	struct epoll_event events[EVENTS];
	int wait_ms =
		http_wait_ms(n->http, n->door.count ? SWEEP_MS : QUIET_MS);
	int count = epoll_wait(n->epoll, events, EVENTS, wait_ms);

	for (int i = 0; i < count; i++)
		if (!take_event(n, &events[i], e))
			return false;
	http_run(n->http);
	return true;
}

bool network_run(const struct network_start *start, struct err *e)
{
	AUTO(network) n = { .start = start, .epoll = -1 };
	int64_t sweep_ms = 0;

	if (!open_all(&n, e))
		return false;
	while (!stop_requested()) {
		if (!turn(&n, e))
			return false;
		if (clock_mono_ms() < sweep_ms)
			continue;
		door_sweep(&n.door);
		sweep_ms = clock_mono_ms() + SWEEP_MS;
	}
	return true;
}
