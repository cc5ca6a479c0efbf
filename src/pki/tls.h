/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS probes: complete handshakes with TLS ports, many in parallel and
 * non-blocking, to see the certificates they serve.  A completed handshake
 * proves that the server has the key of the leaf it presents.  No trust anchors
 * are involved; the caller compares fingerprints.
 */
#ifndef PKI_TLS_H
#define PKI_TLS_H

#include "base/arena.h"
#include "base/err.h"
#include "model/certs.h"
#include "model/client_view.h"
#include "model/fleet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TLS_PROBES_AT_ONCE = 64,  /* in all; TLS_AT_ONCE_OF_ONE per address and port */
	TLS_HANDSHAKE_MS = 10000, /* one handshake, including connect and STARTTLS */
};

struct tls_leaf {
	const char *fingerprint; /* NULL: none */
	int64_t not_after;       /* 0: unknown; see tls_probes_date() */
	struct der der;          /* untrusted: see pki/foreign.h */
};

/* The certificates presented above a leaf. */
struct tls_chain {
	const char *digest;
	const struct der *above;
	size_t above_count;
};

struct tls_probe {
	/* request */
	const char *host; /* name or address; every address of a name is tried */
	uint16_t port;
	const char *server_name; /* NULL: no SNI */
	enum starttls_kind starttls;
	const char *key; /* "rsa-2048": offer only algorithms of this key type, so
			    that a server with several pairs chooses that one;
			    retry with any when refused.  NULL: any */
	struct verify_identity identity;
	unsigned proxy_protocol;
	const char *trust;  /* file with the anchors of the chain; not read here */
	int64_t timeout_ms; /* of one handshake; 0: TLS_HANDSHAKE_MS */
	/* result; strings in the arena of tls_probe_all() */
	bool completed;
	struct tls_leaf leaf;           /* none unless completed */
	struct tls_leaf other;          /* a different leaf at another address of the name */
	const struct tls_chain *chains; /* distinct chains above `leaf` */
	size_t chain_count;
	const char *error; /* why not completed */
	bool refused;      /* not completed: nothing listens there */
	bool barred;       /* not completed, nor will be: the port demands a client
			      certificate that the probe does not have */
	bool plain;        /* not completed: what answers there speaks no TLS */
};

/*
 * The probe of a port for a desired pair: it offers only what a key of type `key`
 * can answer, whichever pairs share the port, and asks for a name of `names`.
 * NULL: unknown.
 */
struct tls_probe tls_probe_of(const struct verify *port, const char *key,
			      const struct client_view *names);

/*
 * Runs all probes; each fails or completes by itself.  False only on a stop, or
 * when TLS cannot be set up at all.  Strings are in `a`.
 *
 * Every address of a name must complete.  One exception: a whole family, IPv4
 * or IPv6, may refuse or be unreachable when the other completes, since
 * "localhost" is ::1 as well and many servers listen on only one of them.
 *
 * When connecting to an address and port times out, the other probes waiting
 * for it fail with the same error and do not try again.
 */
MUST_CHECK bool tls_probe_all(struct tls_probe *probes, size_t count, struct arena *a,
			      struct err *e);

/*
 * Sets not_after in the leaves of completed probes, decoding all uncached ones
 * together.  tls_probe_all() does so at its end.
 */
void tls_probes_date(struct tls_probe *probes, size_t count);

/*
 * The leaf that a completed probe found; when addresses disagree, one that is
 * not `wanted` (a fingerprint or NULL).
 */
struct tls_leaf tls_probe_served(const struct tls_probe *p, const char *wanted);

/*
 * The leaf that several ports serve together: the common one, or the first that
 * is not `installed`.  No leaf, and `error`, when a probe did not complete, or
 * when the ports differ and `installed` is NULL.
 */
struct tls_served {
	struct tls_leaf leaf;
	const char *error;
	bool refused; /* as in struct tls_probe, by all of them */
	bool barred;  /* as in struct tls_probe, by the first without an answer */
	bool plain;   /* likewise */
};
struct tls_served tls_served_by_all(const struct tls_probe *probes, size_t count,
				    const char *installed);

#endif
