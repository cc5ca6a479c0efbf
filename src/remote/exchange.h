/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its response, over HTTP, as lines on a plain socket, or over
 * SSH.
 *
 * The caller fills the request half; strings there must outlive the exchange.
 * Body and reply may hold keys and are wiped.  exchange_clear() prepares for the
 * next request of the same conversation.
 */
#ifndef REMOTE_EXCHANGE_H
#define REMOTE_EXCHANGE_H

#include "base/secret.h"
#include "pki/tls_peer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	EXCHANGE_TIMEOUT_MS = 30000, /* one request, including retries */
	EXCHANGE_REPLY_LIMIT = 1024 * 1024,
	EXCHANGE_BULK_MS = 10 * 60 * 1000, /* the same of bulk ones */
	EXCHANGE_BULK_LIMIT = 64 * 1024 * 1024,
	EXCHANGE_RETRIES = 3,
	ETAG_LIMIT = 256,
};

enum exchange_kind {
	EXCHANGE_HTTP,
	/* Sends the body; the reply is everything until end of file. */
	EXCHANGE_LINES,
	EXCHANGE_SSH
};

struct identity;
struct ssh_ask;

/* A request header; the value may be a secret. */
struct exchange_header {
	const char *name;
	const struct secret *value; /* without control characters */
};

/* Login to an S3 service; without control characters. */
struct s3_login {
	const struct secret *key_id;
	const struct secret *secret;
	const char *region;
};

struct exchange {
	enum exchange_kind kind;
	/*
	 * "https://HOST[:PORT]"; the path of a unix socket; "sftp://HOST:PORT";
	 * or, without TLS and therefore refused unless the address is a
	 * loopback one, "http://HOST[:PORT]" and for lines "tcp://HOST:PORT".
	 * NULL: where the conversation is.
	 */
	const char *origin;
	const char *method;              /* HTTP: "GET" */
	const char *path;                /* HTTP: "/id/site" */
	const char *if_match;            /* HTTP: an ETag; NULL: unconditional */
	const struct identity *identity; /* https; NULL: no client certificate,
					    and the system's CAs */
	/*
	 * https: instead of what `identity` says of CAs, the leaf has one of these
	 * fingerprints, whatever its names, dates and issuer; NULL: CAs decide.
	 */
	const char *const *leaves;
	size_t leaf_count;
	const struct exchange_header *headers; /* HTTP */
	size_t header_count;
	const struct s3_login *s3; /* HTTP: signs the request (SigV4); NULL: not signed */
	struct ssh_ask *ssh;       /* SSH: ops and their results */
	struct secret body;        /* HTTP: JSON unless a header says otherwise;
				      empty: none */
	int64_t timeout_ms;        /* 0: EXCHANGE_TIMEOUT_MS; bulk: EXCHANGE_BULK_MS */
	bool bulk;                 /* body or reply may be EXCHANGE_BULK_LIMIT bytes; ends
				      also when nothing moves for EXCHANGE_TIMEOUT_MS */
	size_t reply_limit;        /* bytes; 0: EXCHANGE_REPLY_LIMIT */
	bool wants_peer;           /* https: fill in `peer` */
	bool fresh;                /* HTTP: use a new connection */
	bool reads;                /* changes nothing: a stop may abort it */
	bool goes_back;            /* reverts a change: runs despite a stop */
	bool goes_on;              /* the peer finishes it alone: a second stop ends the wait */
	/* response */
	long status;    /* HTTP */
	bool untrusted; /* https: none, and nothing was sent: the peer's certificate
			   is not accepted */
	char etag[ETAG_LIMIT];
	struct tls_peer peer;
	struct secret reply;
};

void exchange_clear(struct exchange *x);
AUTO_STRUCT(exchange, struct exchange, exchange_clear)

#endif
