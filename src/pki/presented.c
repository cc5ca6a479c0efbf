/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/foreign.h"

#include "pki/cert.h"
#include "pki/pair.h"

#include <string.h>

/*
 * The certificates that a server presented, without unreadable ones.  The first
 * `reached` entries are on a path up from the leaf.
 */
struct presented {
	gnutls_x509_crt_t certs[CHAIN_LIMIT];
	size_t count;
	size_t reached;
};

static void presented_release(struct presented *p)
{
	for (size_t i = 0; i < p->count; i++)
		gnutls_x509_crt_deinit(p->certs[i]);
}
AUTO_STRUCT(presented, struct presented, presented_release)

static bool is_valid(gnutls_x509_crt_t c, int64_t at)
{
	return at == 0 || (gnutls_x509_crt_get_activation_time(c) <= at &&
			   gnutls_x509_crt_get_expiration_time(c) > at);
}

/* Breadth-first over every path: one CA may be present as several certificates. */
static bool presented_climb(struct presented *p, gnutls_x509_crt_t leaf, gnutls_x509_crt_t top,
			    gnutls_x509_crt_t anchor)
{
	gnutls_x509_crt_t c = leaf;

	for (size_t next = 0;; c = p->certs[next++]) {
		if (gnutls_x509_crt_equals(c, anchor ? anchor : top) ||
		    (anchor && cert_is_signed_by(c, anchor)))
			return true;
		/* its issuers move to the reached part of the array */
		for (size_t i = p->reached; i < p->count; i++) {
			gnutls_x509_crt_t above = p->certs[i];

			if (!cert_is_signed_by(c, above))
				continue;
			p->certs[i] = p->certs[p->reached];
			p->certs[p->reached++] = above;
		}
		if (next == p->reached)
			return false;
	}
}

bool presented_is_complete(const struct der *above, size_t count, const struct cert_set *set,
			   int64_t at)
{
	AUTO(presented) p = { 0 };
	AUTO(crt) leaf = NULL;
	AUTO(crt) top = NULL;
	AUTO(crt) anchor = NULL;
	struct err ignored = { 0 };

	if (set->count == 0 || !cert_open(set->certs[0], &leaf, &ignored) ||
	    !cert_open(set->certs[set->count - 1], &top, &ignored) ||
	    (set->anchor.len && !cert_open(set->anchor, &anchor, &ignored)))
		return false;
	for (size_t i = 0; i < count && i < CHAIN_LIMIT; i++) {
		AUTO(crt) c = NULL;

		if (cert_open(above[i], &c, &ignored) && is_valid(c, at))
			p.certs[p.count++] = TAKE(c);
	}
	return presented_climb(&p, leaf, top, anchor);
}
