/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/listener.h"

#include "base/auto.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

enum {
	BACKLOG = 512,
	SILENT_S = 10, /* connections without data stay in the kernel */
	PORT_TEXT = 8,
};

AUTO_TYPE(addresses, struct addrinfo *, freeaddrinfo)

static bool listen_on(const struct addrinfo *at, int *out)
{
	AUTO(fd)
	fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int yes = 1;
	const int silent = SILENT_S;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &silent, sizeof(silent)) ||
	    bind(fd, at->ai_addr, at->ai_addrlen) || listen(fd, BACKLOG))
		return false;
	*out = TAKE_FD(fd);
	return true;
}

bool listener_open(const struct agent_config *c, int *out, struct err *e)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	AUTO(addresses) found = NULL;
	char port[PORT_TEXT];
	int rc = 0;

	snprintf(port, sizeof(port), "%u", c->port);
	rc = getaddrinfo(c->host, port, &hints, &found);
	if (rc)
		return err_set(e, ERR_INPUT, "cannot listen on '%s': %s", c->listen,
			       gai_strerror(rc));
	if (!listen_on(found, out))
		return err_sys(e, "cannot listen on '%s'", c->listen);
	return true;
}
