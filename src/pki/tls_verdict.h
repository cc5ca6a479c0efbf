/* SPDX-License-Identifier: Apache-2.0 */
/* From what each address of a name did to what is said of the name. */
#ifndef PKI_TLS_VERDICT_H
#define PKI_TLS_VERDICT_H

#include "pki/tls.h"
#include "pki/tls_conn.h"

/* { 0 } is an empty one. */
struct tls_verdict {
	const char *unreachable; /* the first reason to find nobody there */
};

/*
 * Adds one address, in the order of the lookup, so that the answer is
 * stable.  `p` has no answer yet, or the error of its lookup.
 */
void tls_verdict_add(struct tls_verdict *v, struct tls_probe *p,
		     const struct tls_outcome *o);
void tls_verdict_end(const struct tls_verdict *v, struct tls_probe *p);

#endif
