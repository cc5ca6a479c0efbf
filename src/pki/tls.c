/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls.h"

#include "pki/tls_prober.h"

#include <string.h>

bool tls_probe_all(struct tls_probe *probes, size_t count, struct arena *a,
		   struct err *e)
{
	AUTO(tls_prober) prober = NULL;
	struct tls_probe *ended = NULL;

	if (!tls_prober_new(&prober, e))
		return false;
	for (size_t i = 0; i < count; i++)
		tls_prober_ask(prober, &probes[i], a);
	for (size_t left = count; left > 0; left -= ended != NULL)
		if (!tls_prober_next(prober, TLS_HANDSHAKE_MS, &ended, e))
			return false;
	return true;
}

struct tls_leaf tls_probe_served(const struct tls_probe *p, const char *wanted)
{
	if (p->other.fingerprint && wanted &&
	    strcmp(p->leaf.fingerprint, wanted) == 0)
		return p->other;
	return p->leaf;
}
