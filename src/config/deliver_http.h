/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery over HTTP: from its keys (config/schema_http.c) to the model. */
#ifndef CONFIG_DELIVER_HTTP_H
#define CONFIG_DELIVER_HTTP_H

#include "config/forms.h"
#include "model/http_spec.h"

#include <stdbool.h>

struct request_form {
	struct http_url url;
	unsigned method;
	struct items headers; /* struct http_header */
	struct http_text body;
	struct http_text json;
	struct items expect; /* unsigned */
	const char *fingerprint;
	const char *version;
	int64_t timeout;
};

struct call_form {
	struct http_access access;
	struct http_url urls[HTTP_PUT + 1]; /* index: method */
	struct request_form request;
};

struct notify_http_form {
	struct http_access access;
	struct request_form request;
	struct secret_ref path;
};

extern const struct field_type request_type; /* const struct http_request * */
extern const struct field_type headers_type; /* struct items */
extern const struct field_type header_type;  /* type of one header, for the schema */
extern const struct field_type pointer_type; /* const char * */
extern const struct field_type call_type;    /* const struct http_call * */

/* The records of these types, for deliver and activate. */
extern const struct record http_record;
extern const struct record call_record;
extern const struct record notify_http_record; /* of the fleet's notify */
extern const struct record etcd_record;
extern const struct record caddy_record;
/* The keys of access among those of these records. */
extern const struct record http_access_record;

bool request_check(struct loader *ld, const struct node *n, void *out);
bool http_check(struct loader *ld, const struct node *n, void *out);
bool call_check(struct loader *ld, const struct node *n, void *out);
bool notify_http_check(struct loader *ld, const struct node *n, void *out);
bool etcd_check(struct loader *ld, const struct node *n, void *out);
bool caddy_check(struct loader *ld, const struct node *n, void *out);

/* `n` is the mapping with the keys of access; `tls`: the URL is https. */
bool access_check(struct loader *ld, const struct node *n, const struct http_access *a, bool tls);
struct http_request request_of(const struct request_form *form);

bool http_component_check(struct loader *ld, const struct draft *d,
			  const struct component_form *form);

/* The URL, when it is of another machine; else NULL. */
const char *unless_local(const char *url);
void http_locate(struct arena *a, struct deliver *d);
void etcd_locate(struct arena *a, struct deliver *d);
void caddy_locate(struct arena *a, struct deliver *d);

#endif
