/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Concurrent TLS probes: added at any time, each finishes by itself.
 *
 *	tls_prober_new(&prober, e)
 *	tls_prober_ask(prober, &probe, &a)       once per probe
 *	tls_prober_next(prober, wait_ms, &p, e)  until all are back
 *
 * At most TLS_PROBES_AT_ONCE handshakes run at the same time, and as many
 * lookups; the rest is queued (pki/tls_queue.h).
 */
#ifndef PKI_TLS_PROBER_H
#define PKI_TLS_PROBER_H

#include "pki/tls.h"

struct tls_prober;

MUST_CHECK bool tls_prober_new(struct tls_prober **out, struct err *e);
/* Closes the connections of unfinished probes. */
void tls_prober_free(struct tls_prober *p);
AUTO_TYPE(tls_prober, struct tls_prober *, tls_prober_free)

/*
 * Queues a probe without a result.  The probe and `a`, the arena for its
 * strings, must stay in place until it has finished.
 */
void tls_prober_ask(struct tls_prober *p, struct tls_probe *probe, struct arena *a);
/*
 * The next finished probe; NULL: none within `wait_ms`.  False only on a stop.
 */
MUST_CHECK bool tls_prober_next(struct tls_prober *p, int64_t wait_ms, struct tls_probe **out,
				struct err *e);

#endif
