/* SPDX-License-Identifier: Apache-2.0 */
/* The accepted keys of delivery over HTTP. */
#include "config/deliver_http.h"
#include "config/http_text.h"
#include "config/policy.h"
#include "config/rows.h"
#include "config/schema.h"
#include "config/url.h"

static const struct bounds statuses = { 200, 599 };

/* --- access: CA, identity, user, password --- */

static const struct field identity_fields[] = {
	PATH(struct http_access, "certificate", certificate,
	     "our certificate as PEM, the leaf first", .required = true,
	     .canonical = "identity_certificate"),
	SECRET(struct http_access, "key", key, "its private key as PEM", .required = true,
	       .canonical = "identity_key"),
	{ 0 },
};
static const struct record identity_record = {
	.name = "identity",
	.fields = identity_fields,
	.size = sizeof(struct http_access),
	.merged = true,
	.help = "certfleet's client certificate",
};

#define ACCESS_ROWS(T, in)                                                                                    \
	PATH(T, "ca", in ca,                                                                                  \
	     "the authorities whose certificates are accepted, as PEM; those of this machine when left out"), \
		{                                                                                             \
			.key = "identity",                                                                    \
			.type = &record_type,                                                                 \
			.offset = offsetof(T, in ca) - offsetof(struct http_access, ca),                      \
			.param = &identity_record,                                                            \
			.help = "certfleet's client certificate",                                             \
		},                                                                                            \
		TEXT(T, "user", in user, "certfleet's login"),                                                \
		SECRET(T, "password", in password, "that user's password")
#define ACCESS(T) ACCESS_ROWS(T, access.)

static const struct field access_fields[] = {
	ACCESS_ROWS(struct http_access, ),
	{ 0 },
};
const struct record http_access_record = {
	.name = "http_access",
	.fields = access_fields,
	.size = sizeof(struct http_access),
};

/* --- one request --- */

static const struct field header_value = { .key = "headers",
					   .type = &header_type,
					   .param = &secret_record };
static const struct field status_item = { .key = "expect",
					  .type = &count_type,
					  .param = &statuses };
static const struct list_of status_items = { &status_item, sizeof(unsigned), 1, 16 };

#define HEADERS(T, m)                                                              \
	FIELD(T, "headers", m, struct items, headers_type, .param = &header_value, \
	      .help = "by name; a text, or a reference to a secret")
#define EXPECT(T, m)                                         \
	LIST(T, "expect", m, one_or_list_type, status_items, \
	     "the statuses that mean success; any 2xx when left out")
#define BODY(T, body, json)                                                   \
	FIELD(T, "body", body, struct http_text, body_type,                   \
	      .help = "body of the request, as it stands"),                   \
		FIELD(T, "json", json, struct http_text, json_type,           \
		      .help = "body of the request, as JSON; the value of a " \
			      "placeholder is escaped")

#define REQUEST_ROWS(T, in)                                                                 \
	FIELD(T, "url", in url, struct http_url, url_type, .required = true,                \
	      .help = "https://, or http:// on this machine; the value of "                 \
		      "a placeholder is percent-encoded"),                                  \
		CHOICE(T, "method", in method, http_method_names, "method of the request"), \
		HEADERS(T, in headers), BODY(T, in body, in json), EXPECT(T, in expect)
#define REQUEST                                                          \
	REQUEST_ROWS(struct request_form, ),                             \
		DURATION(struct request_form, "timeout", timeout, waits, \
			 "how long an answer may take; 30s when left out")

static const struct field request_fields[] = {
	REQUEST,
	{ 0 },
};
static const struct record request_record = {
	.name = "request",
	.fields = request_fields,
	.size = sizeof(struct request_form),
	.preset = &(const struct request_form){ .method = HTTP_POST },
	.check = request_check,
	.help = "one request",
};

static const struct field probe_fields[] = {
	REQUEST,
	FIELD(struct request_form, "fingerprint", fingerprint, const char *, pointer_type,
	      .required = true,
	      .help = "where in the JSON of the answer the SHA-256 fingerprint of the leaf stands, or the leaf as PEM; a JSON pointer"),
	FIELD(struct request_form, "version", version, const char *, pointer_type,
	      .help = "JSON pointer to the version in the answer"),
	{ 0 },
};
static const struct record probe_record = {
	.name = "probe",
	.fields = probe_fields,
	.size = sizeof(struct request_form),
	.preset = &(const struct request_form){ .method = HTTP_GET },
	.check = request_check,
	.help = "reads the installed certificate",
};

/* --- an API of requests --- */

#define VERB(name, verb, record, h, ...)                                                    \
	FIELD(struct http, name, requests[verb], const struct http_request *, request_type, \
	      .param = &(record), .help = h, ##__VA_ARGS__)

static const struct field http_fields[] = {
	ACCESS(struct http),
	SECRET(struct http, "pkcs12_password", pkcs12_password, "the password of ${pkcs12}"),
	VERB("probe", DECLARED_PROBE, probe_record,
	     "reads the installed certificate; unknown when left out"),
	VERB("stage", DECLARED_STAGE, request_record,
	     "puts the new pair beside the old one; when left out, commit does all"),
	VERB("commit", DECLARED_COMMIT, request_record, "makes the new pair the installed one",
	     .required = true),
	VERB("abort", DECLARED_ABORT, request_record,
	     "removes the staged pair; nothing when left out"),
	VERB("activate", DECLARED_ACTIVATE, request_record,
	     "takes the installed pair into use; when left out, the commit has done so"),
	VERB("revert", DECLARED_REVERT, request_record,
	     "puts the former pair back; when left out, the former pair is staged and committed again"),
	VERB("remove", DECLARED_REMOVE, request_record, "for retire: removes the pair"),
	{ 0 },
};
const struct record http_record = {
	.name = "http",
	.fields = http_fields,
	.size = sizeof(struct http),
	.check = http_check,
	.component_check = http_component_check,
	.locate = http_locate,
	.help = "an API, by the requests it wants; all of one origin",
};

static const struct field call_fields[] = {
	FIELD(struct call_form, "post", urls[HTTP_POST], struct http_url, url_type,
	      .help = "the URL, asked with POST"),
	FIELD(struct call_form, "get", urls[HTTP_GET], struct http_url, url_type,
	      .help = "the URL, asked with GET"),
	FIELD(struct call_form, "put", urls[HTTP_PUT], struct http_url, url_type,
	      .help = "the URL, asked with PUT"),
	HEADERS(struct call_form, request.headers),
	BODY(struct call_form, request.body, request.json),
	EXPECT(struct call_form, request.expect),
	ACCESS(struct call_form),
	{ 0 },
};
const struct record call_record = {
	.name = "call",
	.fields = call_fields,
	.size = sizeof(struct call_form),
	.check = call_check,
	.help = "a request, made from here",
};

static const struct field notify_http_fields[] = {
	REQUEST_ROWS(struct notify_http_form, request.),
	SECRET(struct notify_http_form, "secret_path", path,
	       "what follows in the URL, where that is a secret, as of a webhook"),
	ACCESS(struct notify_http_form),
	{ 0 },
};
const struct record notify_http_record = {
	.name = "notify_http",
	.fields = notify_http_fields,
	.size = sizeof(struct notify_http_form),
	.preset = &(const struct notify_http_form){ .request.method = HTTP_POST },
	.check = notify_http_check,
	.help = "a request that tells it; its body is the summary unless it says otherwise",
};

/* --- etcd and Caddy --- */

static const struct field endpoint_item = { .key = "endpoints", .type = &origin_type };
static const struct list_of endpoint_items = { &endpoint_item, sizeof(char *), 1, 16 };
static const struct field etcd_fields[] = {
	FIELD(struct etcd, "endpoints", endpoints, const char *const *, ended_list_type,
	      .param = &endpoint_items, .help = "URLs of its members; the first that answers",
	      .required = true, .canonical = "etcd_endpoint"),
	OBJECT_KEY(
		struct etcd, "key", key,
		"the prefix, without a slash at its end, beneath which it stands: KEY/certificate, KEY/key and so on",
		.required = true, .canonical = "etcd_key"),
	ACCESS(struct etcd),
	{ 0 },
};
const struct record etcd_record = {
	.name = "etcd",
	.fields = etcd_fields,
	.size = sizeof(struct etcd),
	.check = etcd_check,
	.locate = etcd_locate,
	.help = "published in an etcd, for its readers",
};

static const struct field caddy_fields[] = {
	FIELD(struct caddy, "admin", admin, const char *, admin_type, .required = true,
	      .help = "its admin API: http://HOST:PORT on this machine, or the path of a unix socket",
	      .canonical = "caddy_admin"),
	OBJECT_KEY(struct caddy, "id", id,
		   "the \"@id\" of an object in apps.tls.certificates.load_pem", .required = true,
		   .canonical = "caddy_id"),
	{ 0 },
};
const struct record caddy_record = {
	.name = "caddy",
	.fields = caddy_fields,
	.size = sizeof(struct caddy),
	.check = caddy_check,
	.locate = caddy_locate,
	.help = "swapped in a running Caddy",
};
