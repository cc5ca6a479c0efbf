/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS probes as parts of a task: all tasks of one loop, whose limit is
 * TLS_PROBES_AT_ONCE, share a prober.  It limits the handshakes with one address and
 * port, so that a server with few worker slots can answer; those beyond the limit
 * delay no handshake with another address.
 */
#ifndef PKI_TLS_PROBER_H
#define PKI_TLS_PROBER_H

#include "base/loop.h"
#include "pki/tls.h"

enum {
	TLS_AT_ONCE_OF_ONE = 4
};

struct tls_prober;

/* `l` must live longer. */
MUST_CHECK bool tls_prober_new(struct loop *l, struct tls_prober **out, struct err *e);
void tls_prober_free(struct tls_prober *p);
AUTO_TYPE(tls_prober, struct tls_prober *, tls_prober_free)

/*
 * Completes a probe without a result; its strings are in `a`.  False only on a stop.
 */
MUST_CHECK bool tls_prober_ask(struct tls_prober *p, struct tls_probe *probe, struct arena *a,
			       struct err *e);

#endif
