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
	TLS_PROBES_AT_ONCE = 64,  /* TLS_AT_ONCE_OF_ONE of one address */
	TLS_HANDSHAKE_MS = 10000, /* one handshake, connecting and STARTTLS
				      included */
};

struct tls_leaf {
	const char *fingerprint; /* NULL: none */
	int64_t not_after;       /* 0: unknown; see tls_probes_date() */
	struct der der;          /* a stranger's: see pki/foreign.h */
};

/* What stood above a leaf. */
struct tls_chain {
	const char *digest;
	const struct der *above;
	size_t above_count;
};

struct tls_probe {
	/* asked */
	const char *host; /* name or address; a name is tried on every address */
	uint16_t port;
	const char *server_name; /* NULL: no SNI */
	enum starttls_kind starttls;
	const char *key;    /* "rsa-2048": offer only what makes a server with
			       several pairs choose this kind, and anything only
			       when it has none; NULL: anything */
	int64_t timeout_ms; /* of one handshake; 0: TLS_HANDSHAKE_MS */
	/* answered; strings in the arena of tls_probe_all() */
	bool completed;
	struct tls_leaf leaf;           /* none unless completed */
	struct tls_leaf other;          /* another address of the name serves this */
	const struct tls_chain *chains; /* above `leaf`, each once */
	size_t chain_count;
	const char *error; /* why not completed */
};

/*
 * Runs all probes; each ends on its own.  False only when the stop flag ends
 * the whole, or TLS cannot be set up at all.  Strings are put into `a`.
 *
 * Of a name, every address must complete.  Only of a whole family, IPv4 or
 * IPv6, it is no matter that it refuses or cannot be reached from here, when
 * the other family completes: "localhost" is ::1 as well, and many a server
 * listens on one of them.
 *
 * An address and port that cannot be connected to in time is not asked again
 * for the other probes that wait for it: nobody is there for them either.
 */
MUST_CHECK bool tls_probe_all(struct tls_probe *probes, size_t count, struct arena *a,
			      struct err *e);

/*
 * Reads when the leaves of completed probes end, as tls_probe_all() does at
 * its end: all that are not known yet are decoded together.
 */
void tls_probes_date(struct tls_probe *probes, size_t count);

/*
 * What a completed probe found served: where addresses disagree, a leaf that
 * is not `wanted`, which may be NULL.
 */
struct tls_leaf tls_probe_served(const struct tls_probe *p, const char *wanted);

/*
 * What several ports serve together: one leaf, or the first that is not
 * `installed`.  None, with the reason, when one of them did not complete, or
 * when they differ and `installed` is NULL.
 */
struct tls_served {
	struct tls_leaf leaf;
	const char *error;
};
struct tls_served tls_served_by_all(const struct tls_probe *probes, size_t count,
				    const char *installed);

#endif
