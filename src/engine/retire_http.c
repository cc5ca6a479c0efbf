/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/retire_http.h"

#include "base/buf.h"
#include "model/http_spec.h"

static void retire_http_put_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, json_string(text));
}

static const char *retire_http_take_text(const json_t *object, const char *key, struct arena *a)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? arena_strdup(a, text) : NULL;
}

/* ---- lists of texts ---- */

static void put_texts(json_t *object, const char *key, const char *const *texts)
{
	json_t *list = json_array();

	for (; texts && *texts; texts++)
		json_array_append_new(list, json_string(*texts));
	json_object_set_new(object, key, list);
}

static const char *const *take_texts(const json_t *object, const char *key, struct arena *a)
{
	const json_t *list = json_object_get(object, key);
	size_t count = json_array_size(list);
	const char **texts = arena_array(a, count + 1, sizeof(*texts));

	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		texts[i] = arena_strdup(a, text ? text : "");
	}
	return texts;
}

/* ---- secrets, by reference ---- */

static const char *const secret_kinds[] = {
	[SECRET_NONE] = "none",
	[SECRET_ENV] = "env",
	[SECRET_FILE] = "file",
	[SECRET_COMMAND] = "command",
};

static void retire_http_put_secret(json_t *object, const char *key, const struct secret_ref *s)
{
	json_t *ref = NULL;

	if (s->kind == SECRET_NONE)
		return;
	ref = json_object();
	if (s->kind == SECRET_COMMAND)
		put_texts(ref, secret_kinds[s->kind], s->argv);
	else
		retire_http_put_text(ref, secret_kinds[s->kind], s->name);
	json_object_set_new(object, key, ref);
}

static struct secret_ref take_secret(const json_t *object, const char *key, struct arena *a)
{
	const json_t *ref = json_object_get(object, key);

	for (int kind = SECRET_ENV; kind <= SECRET_COMMAND; kind++) {
		const char *word = secret_kinds[kind];

		if (!json_object_get(ref, word))
			continue;
		if (kind == SECRET_COMMAND)
			return (struct secret_ref){ .kind = SECRET_COMMAND,
						    .argv = take_texts(ref, word, a) };
		return (struct secret_ref){ .kind = (enum secret_kind)kind,
					    .name = retire_http_take_text(ref, word, a) };
	}
	return (struct secret_ref){ .kind = SECRET_NONE };
}

/* ---- who we are ---- */

static void retire_http_put_access(json_t *object, const struct http_access *a)
{
	retire_http_put_text(object, "ca", a->ca);
	retire_http_put_text(object, "certificate", a->certificate);
	retire_http_put_secret(object, "own_key", &a->key);
	retire_http_put_text(object, "user", a->user);
	retire_http_put_secret(object, "password", &a->password);
}

static struct http_access take_access(const json_t *object, struct arena *a)
{
	return (struct http_access){
		.ca = retire_http_take_text(object, "ca", a),
		.certificate = retire_http_take_text(object, "certificate", a),
		.key = take_secret(object, "own_key", a),
		.user = retire_http_take_text(object, "user", a),
		.password = take_secret(object, "password", a),
	};
}

/* ---- requests; these two know nothing of a pair, so all is text ---- */

static void put_plain(json_t *object, const char *key, const struct http_text *t)
{
	AUTO(buf) text = { 0 };

	for (size_t i = 0; i < t->count; i++)
		buf_puts(&text, t->pieces[i].text);
	if (t->count)
		retire_http_put_text(object, key, buf_text(&text));
}

static struct http_text take_plain(const json_t *object, const char *key, struct arena *a)
{
	struct http_piece *piece = ARENA_NEW(a, struct http_piece);

	piece->text = retire_http_take_text(object, key, a);
	return (struct http_text){ piece, piece->text ? 1 : 0 };
}

static void put_headers(json_t *object, const struct http_request *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->header_count; i++) {
		json_t *header = json_object();

		retire_http_put_text(header, "name", r->headers[i].name);
		put_plain(header, "text", &r->headers[i].text);
		retire_http_put_secret(header, "secret", &r->headers[i].secret);
		json_array_append_new(list, header);
	}
	json_object_set_new(object, "headers", list);
}

static void take_headers(const json_t *object, struct arena *a, struct http_request *out)
{
	const json_t *list = json_object_get(object, "headers");
	size_t count = json_array_size(list);
	struct http_header *headers = arena_array(a, count, sizeof(*headers));

	for (size_t i = 0; i < count; i++) {
		const json_t *header = json_array_get(list, i);
		const char *name = retire_http_take_text(header, "name", a);

		headers[i].name = name ? name : "";
		headers[i].text = take_plain(header, "text", a);
		headers[i].secret = take_secret(header, "secret", a);
	}
	out->headers = headers;
	out->header_count = count;
}

static void retire_http_put_request(json_t *object, enum http_verb verb,
				    const struct http_request *r)
{
	json_t *request = json_object();
	json_t *expect = json_array();

	for (const unsigned *s = r->expect; s && *s; s++)
		json_array_append_new(expect, json_integer(*s));
	json_object_set_new(request, "expect", expect);
	json_object_set_new(request, "method", json_integer(r->method));
	json_object_set_new(request, "timeout", json_integer(r->timeout));
	put_plain(request, "path", &r->url.path);
	put_plain(request, "body", &r->body);
	put_plain(request, "json", &r->json);
	retire_http_put_text(request, "fingerprint", r->fingerprint);
	put_headers(request, r);
	json_object_set_new(object, http_verb_names[verb], request);
}

static const unsigned *take_expect(const json_t *request, struct arena *a)
{
	const json_t *list = json_object_get(request, "expect");
	size_t count = json_array_size(list);
	unsigned *expect = arena_array(a, count + 1, sizeof(*expect));

	for (size_t i = 0; i < count; i++)
		expect[i] = (unsigned)json_integer_value(json_array_get(list, i));
	return count ? expect : NULL;
}

static const struct http_request *retire_http_take_request(const json_t *object,
							   enum http_verb verb, struct arena *a)
{
	const json_t *request = json_object_get(object, http_verb_names[verb]);
	struct http_request *r = ARENA_NEW(a, struct http_request);
	json_int_t method = json_integer_value(json_object_get(request, "method"));

	if (!request || method < 0 || method >= HTTP_METHOD_COUNT)
		return NULL;
	r->method = (enum http_method)method;
	r->timeout = json_integer_value(json_object_get(request, "timeout"));
	r->expect = take_expect(request, a);
	r->url.origin = retire_http_take_text(object, "origin", a);
	r->url.path = take_plain(request, "path", a);
	r->body = take_plain(request, "body", a);
	r->json = take_plain(request, "json", a);
	r->fingerprint = retire_http_take_text(request, "fingerprint", a);
	take_headers(request, a, r);
	return r;
}

/* ---- the three drivers ---- */

static json_t *caddy_put(const struct caddy *c)
{
	return json_pack("{ss, ss}", "admin", c->admin, "id", c->id);
}

static json_t *retire_http_etcd_put(const struct etcd *d)
{
	json_t *object = json_object();

	put_texts(object, "endpoints", d->endpoints);
	retire_http_put_text(object, "key", d->key);
	retire_http_put_access(object, &d->access);
	return object;
}

static json_t *http_put(const struct http *h)
{
	json_t *object = json_object();

	retire_http_put_text(object, "origin", h->origin);
	retire_http_put_access(object, &h->access);
	if (h->requests[HTTP_PROBE])
		retire_http_put_request(object, HTTP_PROBE, h->requests[HTTP_PROBE]);
	if (h->requests[HTTP_REMOVE])
		retire_http_put_request(object, HTTP_REMOVE, h->requests[HTTP_REMOVE]);
	return object;
}

void deliver_http_put(const struct deliver *d, json_t *whole)
{
	if (d->caddy)
		json_object_set_new(whole, "caddy", caddy_put(d->caddy));
	if (d->etcd)
		json_object_set_new(whole, "etcd", retire_http_etcd_put(d->etcd));
	if (d->http)
		json_object_set_new(whole, "http", http_put(d->http));
}

static bool take_caddy(const json_t *object, struct arena *a, struct deliver *out)
{
	struct caddy *c = ARENA_NEW(a, struct caddy);

	c->admin = retire_http_take_text(object, "admin", a);
	c->id = retire_http_take_text(object, "id", a);
	out->kind = DRIVER_CADDY;
	out->caddy = c;
	return c->admin && c->id;
}

static bool take_etcd(const json_t *object, struct arena *a, struct deliver *out)
{
	struct etcd *d = ARENA_NEW(a, struct etcd);

	d->endpoints = take_texts(object, "endpoints", a);
	d->key = retire_http_take_text(object, "key", a);
	d->access = take_access(object, a);
	out->kind = DRIVER_ETCD;
	out->etcd = d;
	return d->endpoints[0] && d->key;
}

static bool take_http(const json_t *object, struct arena *a, struct deliver *out)
{
	struct http *h = ARENA_NEW(a, struct http);

	h->origin = retire_http_take_text(object, "origin", a);
	h->access = take_access(object, a);
	h->requests[HTTP_PROBE] = retire_http_take_request(object, HTTP_PROBE, a);
	h->requests[HTTP_REMOVE] = retire_http_take_request(object, HTTP_REMOVE, a);
	out->kind = DRIVER_HTTP;
	out->http = h;
	return h->origin && h->requests[HTTP_REMOVE];
}

bool deliver_http_take(const json_t *whole, struct arena *a, struct deliver *out)
{
	const json_t *caddy = json_object_get(whole, "caddy");
	const json_t *etcd = json_object_get(whole, "etcd");
	const json_t *http = json_object_get(whole, "http");

	return (!caddy || take_caddy(caddy, a, out)) && (!etcd || take_etcd(etcd, a, out)) &&
	       (!http || take_http(http, a, out));
}
