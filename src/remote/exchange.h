/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ask and its reply, over HTTP, as lines on a plain socket, or over SSH.
 *
 * Who asks fills the first half; strings there must outlive the exchange.
 * Body and reply may hold keys: both are wiped.  exchange_clear() makes it
 * ready for the next ask of the same conversation.
 */
#ifndef REMOTE_EXCHANGE_H
#define REMOTE_EXCHANGE_H

#include "base/err.h"
#include "base/secret.h"
#include "pki/tls_peer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	EXCHANGE_TIMEOUT_MS = 30000, /* one ask, its retries included */
	EXCHANGE_REPLY_LIMIT = 1024 * 1024,
	EXCHANGE_RETRIES = 3,
	ETAG_LIMIT = 256,
};

enum exchange_kind {
	EXCHANGE_HTTP,
	/* Sends the body; the reply is all that comes until the end. */
	EXCHANGE_LINES,
	EXCHANGE_SSH
};

struct identity;
struct ssh_ask;

/* A header of a request; its value may be a secret. */
struct exchange_header {
	const char *name;
	const struct secret *value; /* without control characters */
};

struct exchange {
	enum exchange_kind kind;
	/*
	 * "https://HOST[:PORT]", or without TLS and therefore refused unless
	 * the address is one of the loopback: "http://HOST[:PORT]" and, for
	 * lines, "tcp://HOST:PORT"; or the path of a unix socket; or
	 * "sftp://HOST:PORT".
	 */
	const char *origin;
	const char *method;                    /* HTTP: "GET" */
	const char *path;                      /* HTTP: "/id/site" */
	const char *if_match;                  /* HTTP: an ETag; NULL: whatever is there */
	const struct identity *identity;       /* https; NULL: nobody, and the
						  authorities of this machine */
	const struct exchange_header *headers; /* HTTP */
	size_t header_count;
	struct ssh_ask *ssh; /* its answers are in there */
	struct secret body;  /* HTTP: JSON unless a header says otherwise;
				empty: none */
	int64_t timeout_ms;  /* 0: EXCHANGE_TIMEOUT_MS */
	bool wants_peer;     /* https: whom the reply came from */
	bool fresh;          /* HTTP: over a connection that is made for it */
	bool reads;          /* changes nothing: a stop may cut it off */
	bool goes_back;      /* ends what was begun: a stop lets it */
	/* answered */
	struct err error; /* ERR_NONE: there is a reply */
	long status;      /* HTTP */
	char etag[ETAG_LIMIT];
	struct tls_peer peer;
	struct secret reply;
};

void exchange_clear(struct exchange *x);
AUTO_STRUCT(exchange, struct exchange, exchange_clear)

#endif
