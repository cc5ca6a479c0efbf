/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to addresses without waiting: an address is read at once, a name is
 * looked up beside the caller's work.
 */
#ifndef PKI_TLS_LOOKUP_H
#define PKI_TLS_LOOKUP_H

#include "base/auto.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	LOOKUP_ADDRESSES = 64 /* of one name; one with more is refused */
};

union tls_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct name_lookup;

struct name_lookup *lookup_start(const char *host, uint16_t port);
/* One that has not ended is left to end on its own. */
void lookup_close(struct name_lookup *l);
AUTO_TYPE(name_lookup, struct name_lookup *, lookup_close)

bool lookup_is_done(struct name_lookup *l);
/* Once it is done: how many it found; 0 with a reason in static memory. */
size_t lookup_result(const struct name_lookup *l, union tls_address out[LOOKUP_ADDRESSES],
		     const char **reason);

/* The length that connect() wants. */
socklen_t tls_address_len(const union tls_address *address);

#endif
