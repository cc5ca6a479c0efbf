/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a client would accept a pair: its certificates are valid at a time,
 * its chain reaches an anchor, it is for servers and has the name that is
 * asked for.  Decided here for fleet files, plans, the status and after an
 * activation.  What an imported pair says of itself was read by pki/ and is
 * kept with its generation; that of an issued one is its request.
 */
#ifndef MODEL_CLIENT_VIEW_H
#define MODEL_CLIENT_VIEW_H

#include "base/arena.h"
#include "model/fleet.h"
#include "model/snapshot.h"

#include <stddef.h>
#include <stdint.h>

/* What the certificates of a pair say that clients look at. */
struct client_view {
	const struct san *names;
	size_t name_count;
	unsigned purpose;   /* enum purpose */
	const char *gap;    /* where the chain ends before an anchor; NULL: it does not */
	bool issuer_known;  /* the import before this one was by the same key */
	int64_t from;       /* leaf and chain are all valid from... */
	int64_t until;      /* ...until */
	const char *begins; /* the certificate that begins last: "the leaf 'CN=a'" */
	const char *ends;   /* the one that ends first */
};

/*
 * The name that clients of a port ask for (SNI).  Without `server_name`: none when
 * the certificate has the address, else its first DNS name that is no wildcard.
 */
const char *port_server_name(const struct verify *port, const struct client_view *x);

/*
 * Names and purpose of a generation: as read, or of an issued one as requested.
 * False: neither is known.  Strings in `a`.
 */
bool generation_view(const struct generation *g, struct arena *a, struct client_view *out);

/*
 * Why no client accepts it; NULL: one does.  Texts in `a`.  A generation whose
 * certificates were not read is refused for its own dates only.
 */
const char *refusal_by_dates(const struct generation *g, int64_t at, struct arena *a);
const char *refusal_by_port(const struct client_view *x, const struct verify *port,
			    struct arena *a);
/* The ports of one component: name and purpose. */
const char *refusal_by_ports(const struct component *c, const struct generation *g,
			     struct arena *a);
/* Any of these, or an open chain. */
const char *client_refusal(const struct component *c, const struct generation *g, int64_t at,
			   struct arena *a);
/* When the first certificate of leaf and chain ends. */
int64_t generation_end(const struct generation *g);

#endif
