/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asynchronous name resolution: a numeric address is done at once, a name is
 * resolved in the background.
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
	LOOKUP_ADDRESSES = 64 /* per name; a name with more fails */
};

union tls_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct name_lookup;

struct name_lookup *lookup_start(const char *host, uint16_t port);
/* A pending lookup that cannot be cancelled is abandoned, its memory leaked. */
void lookup_close(struct name_lookup *l);
AUTO_TYPE(name_lookup, struct name_lookup *, lookup_close)

bool lookup_is_done(struct name_lookup *l);
/* Number of addresses of a finished lookup; 0: *reason, in static memory. */
size_t lookup_result(const struct name_lookup *l, union tls_address out[LOOKUP_ADDRESSES],
		     const char **reason);

/* The address length for connect(). */
socklen_t tls_address_len(const union tls_address *address);

#endif
