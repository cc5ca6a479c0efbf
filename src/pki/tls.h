/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a TLS port really serves: handshakes run to their end, many at once,
 * non-blocking, with GnuTLS directly.  A completed handshake proves that the
 * server holds the key of the leaf it presents; nothing is trusted for it,
 * the caller compares fingerprints.
 */
#ifndef PKI_TLS_H
#define PKI_TLS_H

#include "base/arena.h"
#include "base/err.h"
#include "model/certs.h"
#include "model/fleet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TLS_PROBES_AT_ONCE = 64,
	TLS_HANDSHAKE_MS = 10000, /* one handshake, connecting and STARTTLS
				      included */
};

struct tls_probe {
	/* asked */
	const char
		*host; /* name or address; a name is tried on every address */
	uint16_t port;
	const char *server_name; /* NULL: no SNI */
	enum starttls_kind starttls;
	const char *key;    /* "rsa-2048": offer only what makes a server with
			       several pairs choose this kind, and anything only
			       when it has none; NULL: anything */
	int64_t timeout_ms; /* of one handshake; 0: TLS_HANDSHAKE_MS */
	/* answered */
	bool completed;
	const char *fingerprint; /* of the leaf; NULL unless completed */
	const char *other; /* another address of the name served this; NULL */
	const char *chain; /* digest of what was presented above the leaf */
	const struct der *above; /* that itself, in `a` */
	size_t above_count;
	int64_t not_after; /* of the leaf */
	const char *error; /* why not completed, in `a` */
};

/*
 * Runs all probes; each ends on its own.  False only when the stop flag ends
 * the whole, or TLS cannot be set up at all.  Strings are put into `a`.
 *
 * Of a name, every address must complete.  One where nobody listens counts
 * only when no other answers: "localhost" is ::1 as well, and a server that
 * is away serves nobody.  One that accepts the connection and then cannot
 * complete makes the whole probe fail.
 */
MUST_CHECK bool tls_probe_all(struct tls_probe *probes, size_t count,
			      struct arena *a, struct err *e);

#endif
