/* SPDX-License-Identifier: Apache-2.0 */
/* From what each address of a name did to what is said of the name. */
#ifndef PKI_TLS_VERDICT_H
#define PKI_TLS_VERDICT_H

#include "base/vec.h"
#include "pki/tls.h"
#include "pki/tls_conn.h"

/* IPv4 or IPv6. */
struct tls_family {
	bool completes;
	const char *unreachable; /* the first reason to find nobody there */
};

/* Empty but for the arena, which is the one of the probe's strings. */
struct tls_verdict {
	struct arena *arena;
	struct tls_family v4, v6;
	VEC(struct tls_chain) chains;
};

/*
 * Adds one address, in the order of the lookup, so that the answer is
 * stable.  `p` has no answer yet, or the error of its lookup.
 */
void tls_verdict_add(struct tls_verdict *v, struct tls_probe *p, const union tls_address *address,
		     const struct tls_outcome *o);
void tls_verdict_end(const struct tls_verdict *v, struct tls_probe *p);

#endif
