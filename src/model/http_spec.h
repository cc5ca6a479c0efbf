/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP drivers: Caddy, etcd, and any API whose requests the fleet file
 * declares.  Plain data, as in model/fleet.h.
 */
#ifndef MODEL_HTTP_SPEC_H
#define MODEL_HTTP_SPEC_H

#include "model/fleet.h"
#include "model/secret_ref.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Placeholders in a request, replaced by material of the pair, or of a notification. */
enum material {
	MATERIAL_TEXT, /* plain text, no placeholder */
	/* public: may also stand in URLs and headers */
	MATERIAL_FINGERPRINT,
	MATERIAL_FLEET,
	MATERIAL_RUN,
	MATERIAL_OUTCOME,
	/* of a notification; in a body only, like the following */
	MATERIAL_LINES,
	MATERIAL_SUMMARY,
	MATERIAL_CERTIFICATE, /* the leaf; PEM, like the following */
	MATERIAL_CHAIN,
	MATERIAL_FULLCHAIN,
	MATERIAL_KEY,
	MATERIAL_COMBINED,
	MATERIAL_PKCS12, /* base64 */
	MATERIAL_COUNT
};

struct http_piece {
	enum material what;
	const char *text; /* MATERIAL_TEXT */
	bool is_value;    /* a JSON value by itself, not a part of a string */
};

/* Text with placeholders for the current pair. */
struct http_text {
	const struct http_piece *pieces;
	size_t count; /* 0: no text */
};

enum http_method {
	HTTP_GET,
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_DELETE,
	HTTP_METHOD_COUNT
};

struct http_url {
	const char *origin;    /* "https://HOST[:PORT]", or http:// */
	struct http_text path; /* from the leading "/" */
};

/* Header with a text or a secret as its value. */
struct http_header {
	const char *name;
	struct http_text text;
	struct secret_ref secret;
};

struct http_request {
	enum http_method method;
	struct http_url url;
	const struct http_header *headers;
	size_t header_count;
	struct http_text body;   /* without escaping */
	struct http_text json;   /* replaced placeholders are JSON-escaped */
	const unsigned *expect;  /* statuses, ends with 0; NULL: any 2xx */
	const char *fingerprint; /* probe: JSON pointer (RFC 6901) */
	const char *version;     /* likewise; NULL: no version */
	int64_t timeout;         /* seconds; 0: the default */
};

/* Server trust anchor and client credentials. */
struct http_access {
	const char *ca;          /* PEM file; NULL: the system's CAs */
	const char *certificate; /* client certificate, PEM file; with `key` */
	struct secret_ref key;
	const char *user; /* with `password` */
	struct secret_ref password;
};

/* Object of apps.tls.certificates.load_pem in a running Caddy. */
struct caddy {
	const char *admin; /* http://HOST[:PORT], or the path of a socket */
	const char *id;
};

/* etcd keys below `key`. */
struct etcd {
	const char *const *endpoints; /* origins; ends with NULL */
	const char *key;              /* without a trailing "/" */
	struct http_access access;
};

/* Declared HTTP API; all requests have the same origin. */
struct http {
	const char *origin;
	struct http_access access;
	struct secret_ref pkcs12_password;
	const struct http_request *requests[DECLARED_COUNT]; /* or NULL */
};

/* The request of `activate: {http: ...}`, or of a notification. */
struct http_call {
	struct http_access access;
	struct http_request request;
};

/*
 * Whether the text has the placeholder `what`; whether it has any that needs
 * the pair itself.
 */
bool http_text_has(const struct http_text *t, enum material what);
bool http_text_needs_pair(const struct http_text *t);
bool request_needs_pair(const struct http_request *r);
/* Whether the material may stand in URLs and headers, which are logged on their way. */
bool material_is_public(enum material what);
/* The URL with its placeholders by name, as in "${fingerprint}". */
const char *http_url_text(const struct http_url *url, struct arena *a);

extern const char *const material_names[MATERIAL_COUNT + 1];
extern const char *const http_method_names[HTTP_METHOD_COUNT + 1];

#endif
