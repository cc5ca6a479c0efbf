/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls_lookup.h"

#include "base/alloc.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

struct name_lookup {
	char *host;
	char port[8];
	struct addrinfo hints;
	struct gaicb request;
	int status; /* EAI_INPROGRESS until done */
	bool in_background;
};

struct name_lookup *lookup_start(const char *host, uint16_t port)
{
	struct name_lookup *l = xcalloc(1, sizeof(*l));
	struct gaicb *list[] = { &l->request };

	l->host = xstrdup(host);
	snprintf(l->port, sizeof(l->port), "%u", port);
	l->hints = (struct addrinfo){
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	};
	l->status = getaddrinfo(l->host, l->port, &l->hints, &l->request.ar_result);
	if (l->status != EAI_NONAME)
		return l;
	l->hints.ai_flags = AI_NUMERICSERV;
	l->request.ar_name = l->host;
	l->request.ar_service = l->port;
	l->request.ar_request = &l->hints;
	l->request.ar_result = NULL;
	l->status = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
	l->in_background = l->status == 0;
	if (l->in_background)
		l->status = EAI_INPROGRESS;
	return l;
}

void lookup_close(struct name_lookup *l)
{
	if (!l)
		return;
	/* glibc still writes into a request that cannot be cancelled: leak it. */
	if (l->in_background && !lookup_is_done(l) && gai_cancel(&l->request) == EAI_NOTCANCELED)
		return;
	if (l->request.ar_result)
		freeaddrinfo(l->request.ar_result);
	free(l->host);
	free(l);
}

bool lookup_is_done(struct name_lookup *l)
{
	if (l->in_background && l->status == EAI_INPROGRESS)
		l->status = gai_error(&l->request);
	return l->status != EAI_INPROGRESS;
}

size_t lookup_result(const struct name_lookup *l, union tls_address out[LOOKUP_ADDRESSES],
		     const char **reason)
{
	size_t count = 0;

	if (l->status != 0) {
		*reason = gai_strerror(l->status);
		return 0;
	}
	for (const struct addrinfo *i = l->request.ar_result; i; i = i->ai_next) {
		if (i->ai_addrlen > sizeof(*out))
			continue;
		/* Skipping one is no option: each could serve another certificate. */
		if (count == LOOKUP_ADDRESSES) {
			*reason = "it has more addresses than are asked";
			return 0;
		}
		memcpy(&out[count++], i->ai_addr, i->ai_addrlen);
	}
	if (count == 0)
		*reason = "it has no address";
	return count;
}

socklen_t tls_address_len(const union tls_address *address)
{
	return address->any.sa_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4);
}
