/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver `http`: an API whose requests the fleet file declares.
 *
 * Every verb sends the request of its name, by the rules of drivers/declared.h.
 * A probe answered with 404 means that nothing is installed.
 *
 * A private key cannot be read back over such an API.
 */
#include "drivers/driver_table.h"

#include "base/text.h"
#include "drivers/declared.h"
#include "drivers/deliver_record.h"
#include "drivers/http_render.h"
#include "drivers/json_pointer.h"
#include "drivers/redact_reply.h"
#include "model/http_spec.h"

enum {
	STATUS_MISSING = 404
};

/* Made by http_prepare(). */
struct http_session {
	struct http_words words;
	struct declared_list changes; /* that the verb sends */
};

/* What a probe tells; strings in the job's arena. */
struct http_probe {
	const char *installed;
	const char *error; /* why `installed` is unknown */
	const char *version;
};

static const struct http *http_of(const struct driver_session *v)
{
	return v->job->component->deliver.http;
}

static const char *http_origin(const struct component *c)
{
	return c->deliver.http->origin;
}

/* ---- the requests of a verb that change something ---- */

static const struct http_request *http_request_of(const struct driver_session *v,
						  enum declared_verb verb)
{
	return http_of(v)->requests[verb];
}

static bool http_prepare(struct driver_session *v, struct err *e)
{
	struct http_session *s = ARENA_NEW(v->arena, struct http_session);
	const struct http_request *revert = http_request_of(v, DECLARED_REVERT);
	struct declared d = { .what = "request",
			      .revert_to_something = revert && request_needs_pair(revert) };

	v->memory = s;
	for (unsigned verb = 0; verb < DECLARED_COUNT; verb++)
		d.verbs |= http_request_of(v, verb) ? 1U << verb : 0;
	if (!declared_changes(&d, v->job, &s->changes, e))
		return false;
	for (size_t i = 0; i < s->changes.count; i++)
		if (!http_words_prepare(&s->words, v, http_request_of(v, s->changes.verbs[i]),
					&http_of(v)->pkcs12_password, e))
			return false;
	return true;
}

static void http_forget(struct driver_session *v)
{
	http_words_release(&((struct http_session *)v->memory)->words);
}

static bool http_send(struct driver_session *v, const struct http_request *r, struct exchange *x,
		      struct err *e)
{
	struct http_session *s = v->memory;

	return http_render(&s->words, v, r, &http_of(v)->access, x, e) && driver_request(v, x, e);
}

static bool send_changes(struct driver_session *v, struct err *e)
{
	const struct http_session *s = v->memory;

	for (size_t i = 0; i < s->changes.count; i++) {
		const struct http_request *r = http_request_of(v, s->changes.verbs[i]);
		AUTO(exchange) x = { 0 };

		if (!http_send(v, r, &x, e) || !http_expected(v, &x, r, e))
			return false;
	}
	return true;
}

/* ---- probe replies ---- */

static void take_installed(const struct driver_session *v, const json_t *value,
			   struct http_probe *out)
{
	struct arena *a = v->job->arena;
	const char *text = json_string_value(value);

	if (json_is_null(value))
		out->installed = "";
	else if (text)
		out->installed = declared_leaf(text, a);
	if (!out->installed)
		out->error = arena_printf(
			a,
			"'%s' in its answer is %s, neither a SHA-256 fingerprint nor a certificate",
			http_request_of(v, DECLARED_PROBE)->fingerprint,
			value ? "something else" : "not there");
}

static void take_version(const struct driver_session *v, const struct exchange *x,
			 const json_t *document, struct http_probe *out)
{
	const char *pointer = http_request_of(v, DECLARED_PROBE)->version;
	const json_t *value = pointer ? json_at(document, pointer) : NULL;

	if (json_is_string(value))
		out->version =
			arena_strdup(v->job->arena, redact_words(v, x, json_string_value(value),
								 json_string_length(value)));
}

/* Without a declared probe nothing is known. */
static bool http_ask_probe(struct driver_session *v, struct http_probe *out, struct err *e)
{
	const struct http_request *r = http_request_of(v, DECLARED_PROBE);
	AUTO(exchange) x = { .reads = true };
	AUTO(json) document = NULL;

	*out = (struct http_probe){ .error = "there is no request 'probe'" };
	if (!r)
		return true;
	*out = (struct http_probe){ 0 };
	if (!http_send(v, r, &x, e))
		return false;
	document = json_parse(x.reply.bytes, x.reply.len);
	take_version(v, &x, document, out);
	if (x.status == STATUS_MISSING) {
		out->installed = "";
		return true;
	}
	if (!http_expected(v, &x, r, e))
		return false;
	if (!document)
		return err_set(e, ERR_REMOTE, "'%s' does not answer with JSON", x.origin);
	take_installed(v, json_at(document, r->fingerprint), out);
	return true;
}

/* ---- the verbs ---- */

static bool http_probe(struct driver_session *v, struct err *e)
{
	struct http_probe p;

	if (!http_ask_probe(v, &p, e))
		return false;
	v->job->seen.online = true;
	v->job->seen.installed = p.installed;
	v->job->seen.version = p.version;
	v->job->seen.error = p.error;
	return true;
}

static bool http_stage(struct driver_session *v, struct err *e)
{
	struct http_probe ignored;

	return http_request_of(v, DECLARED_STAGE) ? send_changes(v, e)
						  : http_ask_probe(v, &ignored, e);
}

static bool http_commit(struct driver_session *v, struct err *e)
{
	struct http_probe p;
	bool due = false;

	if (!http_ask_probe(v, &p, e) || !declared_commit(v->job, p.installed, &due, e))
		return false;
	return !due || send_changes(v, e);
}

static bool http_activate(struct driver_session *v, struct err *e)
{
	struct http_probe p;

	if (http_request_of(v, DECLARED_ACTIVATE))
		return send_changes(v, e);
	return http_ask_probe(v, &p, e) && declared_activate(v->job, p.installed, e);
}

/* Removes nothing when another writer has installed a pair since. */
static bool http_remove(struct driver_session *v, struct err *e)
{
	struct http_probe p;

	if (!http_ask_probe(v, &p, e))
		return false;
	return !declared_remove(v->job, p.installed) || send_changes(v, e);
}

static bool http_read(struct job *j, struct err *e)
{
	(void)j;
	return err_set(e, ERR_MISSING, "its key cannot be read over HTTP");
}

/* ---- the delivery record: requests, recorded without pair placeholders: plain text ---- */

static json_t *write_plain(const void *slot, size_t index)
{
	const struct http_text *t = slot;
	AUTO(buf) text = { 0 };

	(void)index;
	for (size_t i = 0; i < t->count; i++)
		buf_puts(&text, t->pieces[i].text);
	return t->count ? json_text(buf_text(&text)) : NULL;
}

static bool read_plain(const json_t *value, struct arena *a, void *slot)
{
	struct http_piece *piece = ARENA_NEW(a, struct http_piece);

	if (!json_is_string(value))
		return false;
	piece->text = arena_strdup(a, json_string_value(value));
	*(struct http_text *)slot = (struct http_text){ piece, 1 };
	return true;
}

#define PLAIN_MEMBER(key, holder, member) \
	CUSTOM_MEMBER(key, holder, member, write_plain, read_plain, .absent = ABSENT_OMITTED)

/* Status codes, terminated by 0; an empty list is NULL. */
static json_t *write_expect(const void *slot, size_t index)
{
	json_t *list = json_array();

	(void)index;
	for (const unsigned *s = *(const unsigned *const *)slot; s && *s; s++)
		json_array_append_new(list, json_integer(*s));
	return list;
}

static bool read_expect(const json_t *value, struct arena *a, void *slot)
{
	size_t count = json_array_size(value);
	unsigned *expect = arena_array(a, count + 1, sizeof(*expect));

	for (size_t i = 0; i < count; i++)
		expect[i] = (unsigned)json_integer_value(json_array_get(value, i));
	*(const unsigned **)slot = count ? expect : NULL;
	return json_is_array(value);
}

static const struct member kept_header_members[] = {
	TEXT_MEMBER("name", struct http_header, name),
	PLAIN_MEMBER("text", struct http_header, text),
	SECRET_REF_MEMBER("secret", struct http_header, secret),
	{ 0 },
};

static const struct member kept_request_members[] = {
	NUMBER_MEMBER("method", struct http_request, method, 0, HTTP_METHOD_COUNT - 1),
	NUMBER_MEMBER("timeout", struct http_request, timeout, 0, INT64_MAX),
	CUSTOM_MEMBER("expect", struct http_request, expect, write_expect, read_expect),
	PLAIN_MEMBER("path", struct http_request, url.path),
	PLAIN_MEMBER("body", struct http_request, body),
	PLAIN_MEMBER("json", struct http_request, json),
	TEXT_MEMBER("fingerprint", struct http_request, fingerprint, .absent = ABSENT_OMITTED),
	LIST_MEMBER("headers", struct http_request, headers, header_count, kept_header_members),
	{ 0 },
};

static const struct member kept_http_members[] = {
	TEXT_MEMBER("origin", struct http, origin),
	ACCESS_MEMBERS(struct http),
	POINTER_MEMBER("probe", struct http, requests[DECLARED_PROBE], kept_request_members,
		       .absent = ABSENT_OMITTED),
	POINTER_MEMBER("remove", struct http, requests[DECLARED_REMOVE], kept_request_members),
	{ 0 },
};

/* All requests of a device share its origin. */
static void http_kept_read(struct deliver *d)
{
	struct http *h = (struct http *)d->http;

	for (unsigned verb = 0; verb < DECLARED_COUNT; verb++) {
		struct http_request *r = (struct http_request *)h->requests[verb];

		if (r)
			r->url.origin = h->origin;
	}
}

static const struct member kept_http[] = {
	POINTER_MEMBER("http", struct deliver, http, kept_http_members, .absent = ABSENT_OMITTED),
	{ 0 },
};

const struct driver http_driver = {
	.calls = { [DRIVER_READ] = http_read },
	.kept = kept_http,
	.kept_read = http_kept_read,
	.sessions = {
		[DRIVER_PROBE] = http_probe,
		[DRIVER_STAGE] = http_stage,
		[DRIVER_COMMIT] = http_commit,
		[DRIVER_ABORT] = send_changes,
		[DRIVER_ACTIVATE] = http_activate,
		[DRIVER_REVERT] = send_changes,
		[DRIVER_REMOVE] = http_remove,
	},
	.origin = http_origin,
	.prepare = http_prepare,
	.forget = http_forget,
	.takes_pair = true,
};
