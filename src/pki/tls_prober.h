/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes on their way: asked at any time, each ends on its own.
 *
 *	tls_prober_new(&prober, e)
 *	tls_prober_ask(prober, &probe, &a)       as many as there are
 *	tls_prober_next(prober, wait_ms, &p, e)  until all have come back
 *
 * TLS_PROBES_AT_ONCE handshakes go on at the same time, and as many lookups;
 * the rest waits for its turn (pki/tls_queue.h).
 */
#ifndef PKI_TLS_PROBER_H
#define PKI_TLS_PROBER_H

#include "pki/tls.h"

struct tls_prober;

MUST_CHECK bool tls_prober_new(struct tls_prober **out, struct err *e);
/* Those still on their way are hung up. */
void tls_prober_free(struct tls_prober *p);
AUTO_TYPE(tls_prober, struct tls_prober *, tls_prober_free)

/*
 * The probe, which has no answer yet, and the arena for its strings have to
 * stay where they are until it has ended.
 */
void tls_prober_ask(struct tls_prober *p, struct tls_probe *probe, struct arena *a);
/*
 * The next one that has ended; NULL when none does within `wait_ms`.  False
 * only when the stop flag is up.
 */
MUST_CHECK bool tls_prober_next(struct tls_prober *p, int64_t wait_ms, struct tls_probe **out,
				struct err *e);

#endif
