/* SPDX-License-Identifier: Apache-2.0 */
/* One request: its headers, body and expected answer, and the access to the server. */
#include "config/deliver_http.h"
#include "config/http_text.h"
#include "config/policy.h"
#include "config/values.h"
#include "config/writer.h"

#include <string.h>
#include <strings.h>

enum {
	HEADER_LIMIT = 32,
	HEADER_NAME_LIMIT = 64
};

static bool http_request_is_listed(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (!strcasecmp(*list, name))
			return true;
	return false;
}

/* ---- headers ---- */

static bool http_request_check_name(struct loader *ld, const struct node *key)
{
	static const char *const ours[] = { "Connection", "Content-Length",    "Expect",     "Host",
					    "If-Match",   "Transfer-Encoding", "Upgrade",    "TE",
					    "Trailer",    "Proxy-Connection",  "Keep-Alive", NULL };

	size_t len = strlen(key->text);

	/* RFC 9110 section 5.6.2 */
	if (!len || len > HEADER_NAME_LIMIT ||
	    strspn(key->text,
		   "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") !=
		    len)
		return config_error(ld, key, "'%s' is not the name of a header",
				    shown(ld, key->text));
	return !http_request_is_listed(ours, key->text) ||
	       config_error(ld, key, "certfleet sets '%s' itself", shown(ld, key->text));
}

/* The values of these headers are secrets, which are never given as text. */
static bool check_openness(struct loader *ld, const struct node *key)
{
	static const char *const closed[] = { "Authorization",       "Cookie",
					      "Proxy-Authorization", "X-Api-Key",
					      "X-Auth-Token",        NULL };

	return !http_request_is_listed(closed, key->text) ||
	       config_error(
		       ld, pair_value(key),
		       "'%s' is a reference, never the secret itself: {env: CERTFLEET_NAME}, {file: PATH} or {command: [...]}",
		       shown(ld, key->text));
}

static bool read_header(struct loader *ld, const struct field *f, const struct node *key,
			struct http_header *out)
{
	const struct field secret = { .key = key->text, .param = f->param };
	const struct field plain = { .key = key->text };
	const struct node *n = pair_value(key);
	AUTO(http_text_builder) b = { .ld = ld, .grammar = GRAMMAR_HEADER };

	out->name = arena_strdup(&ld->fleet.arena, key->text);
	if (!http_request_check_name(ld, key))
		return false;
	if (n->kind == NODE_MAPPING)
		return secret_type.read(ld, &secret, n, &out->secret);
	if (!value_raw(ld, &plain, n) || !check_openness(ld, key) ||
	    !http_text_add(&b, n, n->text) || !http_text_finish(&b, n, &out->text) ||
	    !http_text_is_public(ld, n, &out->text))
		return false;
	/* a column of a CSV file may hold anything */
	for (size_t i = 0; i < out->text.count; i++)
		if (out->text.pieces[i].text && strpbrk(out->text.pieces[i].text, "\r\n"))
			return config_error(
				ld, n, "'%s' holds a line break, once placeholders are replaced",
				shown(ld, key->text));
	return true;
}

static bool is_repeated(struct loader *ld, const struct node *n, const struct node *key)
{
	node_pairs(other, n)
	{
		if (other == key)
			return false;
		if (!strcasecmp(other->text, key->text))
			return !config_error(ld, key, "'%s' is there already",
					     shown(ld, other->text));
	}
	return false;
}

static bool read_headers(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	const struct field *value = f->param;
	struct http_header *list = NULL;
	size_t count = 0;
	bool good = true;

	if (n->kind != NODE_MAPPING)
		return wrong_kind(ld, f, n, "a mapping");
	if (n->count > HEADER_LIMIT)
		return config_error(ld, n, "more than %d headers", HEADER_LIMIT);
	list = arena_array(&ld->fleet.arena, n->count, sizeof(*list));
	node_pairs(key, n)
	{
		good &= !is_repeated(ld, n, key);
		good &= read_header(ld, value, key, &list[count++]);
	}
	*(struct items *)slot = (struct items){ list, count };
	return good;
}

/* ---- other keys ---- */

/* RFC 6901: "" or "/a/b", with ~ only in ~0 and ~1. */
static bool read_pointer(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	const char *text = NULL;

	if (!value_text(ld, f, n, &text))
		return false;
	for (const char *at = strchr(text, '~'); at; at = strchr(at + 1, '~'))
		if (at[1] != '0' && at[1] != '1')
			return config_error(ld, n, "'%s' is not a JSON pointer: '~' is written ~0",
					    f->key);
	if (*text != '/')
		return config_error(
			ld, n,
			"'%s' must be a JSON pointer like /certificate/fingerprint, not '%s'",
			f->key, shown(ld, n->text));
	*(const char **)slot = text;
	return true;
}

bool request_check(struct loader *ld, const struct node *n, void *out)
{
	const struct request_form *form = out;

	if (form->body.count && form->json.count)
		return config_error(ld, n, "'body' and 'json' exclude each other");
	if (form->method == HTTP_GET && (form->body.count || form->json.count))
		return config_error(ld, n, "a GET carries no body");
	return true;
}

struct http_request request_of(const struct request_form *form)
{
	return (struct http_request){
		.method = form->method,
		.url = form->url,
		.headers = form->headers.list,
		.header_count = form->headers.count,
		.body = form->body,
		.json = form->json,
		.expect = form->expect.list,
		.fingerprint = form->fingerprint,
		.version = form->version,
		.timeout = form->timeout,
	};
}

static bool http_request_read(struct loader *ld, const struct field *f, const struct node *n,
			      void *slot)
{
	struct request_form form;
	struct http_request *request = NULL;

	if (n->kind != NODE_MAPPING)
		return wrong_kind(ld, f, n, "a mapping");
	if (!record_read(ld, f->param, n, &form))
		return false;
	request = ARENA_NEW(&ld->fleet.arena, struct http_request);
	*request = request_of(&form);
	*(const struct http_request **)slot = request;
	return true;
}

/* ---- access: CA, identity, user, password ---- */

bool access_check(struct loader *ld, const struct node *n, const struct http_access *a, bool tls)
{
	const struct node *ca = node_find(n, "ca");
	const struct node *identity = node_find(n, "identity");
	const struct node *user = node_find(n, "user");
	const struct node *password = node_find(n, "password");

	if (!tls && (ca || identity))
		return config_error(ld, ca ? ca : identity, "'%s' is for https",
				    ca ? "ca" : "identity");
	if (user && !password)
		return config_error(ld, n, "missing key 'password'");
	if (password && !user)
		return config_error(ld, n, "missing key 'user'");
	return !user || !strchr(a->user, ':') || config_error(ld, user, "'user' holds a colon");
}

const struct field_type header_type = { NULL, SHAPE_TEXT_OR_RECORD, NULL };
const struct field_type headers_type = { read_headers, SHAPE_MAP, NULL,
					 .words = "mapping of header to text or secret" };
const struct field_type pointer_type = { read_pointer, SHAPE_TEXT, "^/", GRAMMAR_POINTER,
					 .words = "JSON pointer" };
const struct field_type request_type = { http_request_read, SHAPE_RECORD, NULL,
					 .write = write_request };
