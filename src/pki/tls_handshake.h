/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TLS client handshake with one address, on a task of base/loop.h: connect,
 * STARTTLS, TLS, what is presented; and the result of a name from those of its
 * addresses.  Its time and the struct of a probe are in pki/tls.h.
 */
#ifndef PKI_TLS_HANDSHAKE_H
#define PKI_TLS_HANDSHAKE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "pki/tls.h"
#include "pki/tls_lookup.h"

#include <stdbool.h>
#include <stdint.h>

/* State shared by all handshakes: credentials without trust anchors, and priorities. */
struct tls_client;
MUST_CHECK bool tls_client_new(struct tls_client **out, struct err *e);
void tls_client_free(struct tls_client *c);
AUTO_TYPE(tls_client, struct tls_client *, tls_client_free)

/* The result of a handshake. */
struct tls_outcome {
	bool completed;
	/*
	 * Connection refused, or no route to the address.  Not set on a
	 * timeout: the server may still answer other clients.
	 */
	bool unreachable;
	bool refused;   /* the former */
	bool connected; /* not completed, but connected */
	bool expired;   /* at the deadline */
	bool stopped;   /* by a stop */
	bool barred;    /* as in struct tls_probe */
	bool plain;     /* likewise */
	struct tls_leaf leaf;
	struct tls_chain chain;
	const char *error; /* why not completed */
};

/* The time that the probe gives a handshake. */
int64_t tls_probe_timeout(const struct tls_probe *p);

/* Strings of the outcome are in `a`. */
void tls_handshake(struct tls_client *client, const struct tls_probe *probe,
		   const union tls_address *to, struct arena *a, struct tls_outcome *out);

/* ---- the result of a name (tls_verdict.c) ---- */

/* IPv4 or IPv6. */
struct tls_family {
	bool completes;
	const char *unreachable; /* error of the first unreachable address */
};

/* Starts zeroed but for `arena`, which holds the probe's strings. */
struct tls_verdict {
	struct arena *arena;
	struct tls_family v4, v6;
	bool refused; /* by an address */
	bool other;   /* one was reached, or may have been */
	VEC(struct tls_chain) chains;
};

/*
 * Adds the outcome of one address, in the order of the lookup, so that the
 * result is stable.  `p` has no result yet, or the error of its lookup.
 */
void tls_verdict_add(struct tls_verdict *v, struct tls_probe *p, const union tls_address *address,
		     const struct tls_outcome *o);
void tls_verdict_end(const struct tls_verdict *v, struct tls_probe *p);

#endif
