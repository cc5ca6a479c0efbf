/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what a server presents above its leaf is enough for a client. */
#ifndef PKI_PRESENTED_H
#define PKI_PRESENTED_H

#include "model/certs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whether a client that trusts the anchor of `set` gets there from the leaf
 * of `set`, with nothing else than what was presented above it, in any order.
 * Where the anchor is not known, the uppermost certificate of `set` has to be
 * reached.  More may be presented, and another way up is as good: a server
 * may add the anchor, or a cross-signed authority.  Only the first
 * CHAIN_LIMIT certificates are looked at, and of these only what is valid at
 * the time `at`; 0 asks nothing of their dates.
 */
bool presented_is_complete(const struct der *above, size_t count, const struct cert_set *set,
			   int64_t at);

#endif
