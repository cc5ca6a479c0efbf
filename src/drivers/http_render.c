/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/http_render.h"

#include "base/text.h"
#include "drivers/api_identity.h"
#include "drivers/redact_reply.h"
#include "pki/export.h"
#include "json/value.h"

#include <string.h>
#include <strings.h>

/* The file of install/ with the same content; FILE_KIND_COUNT: none. */
static const enum file_kind parts[] = {
	[MATERIAL_TEXT] = FILE_KIND_COUNT,    [MATERIAL_FINGERPRINT] = FILE_KIND_COUNT,
	[MATERIAL_FLEET] = FILE_KIND_COUNT,   [MATERIAL_RUN] = FILE_KIND_COUNT,
	[MATERIAL_OUTCOME] = FILE_KIND_COUNT, [MATERIAL_LINES] = FILE_KIND_COUNT,
	[MATERIAL_SUMMARY] = FILE_KIND_COUNT, [MATERIAL_CERTIFICATE] = FILE_KIND_LEAF,
	[MATERIAL_CHAIN] = FILE_KIND_CHAIN,   [MATERIAL_FULLCHAIN] = FILE_KIND_FULLCHAIN,
	[MATERIAL_KEY] = FILE_KIND_KEY,       [MATERIAL_COMBINED] = FILE_KIND_COMBINED,
	[MATERIAL_PKCS12] = FILE_KIND_COUNT,
};
_Static_assert(sizeof(parts) / sizeof(*parts) == MATERIAL_COUNT, "every material needs its row");

static void drop_values(struct http_words *w)
{
	for (size_t i = 0; i < w->value_count; i++)
		secret_release(&w->values[i]);
	w->value_count = 0;
}

void http_words_release(struct http_words *w)
{
	drop_values(w);
	pair_files_release(&w->pieces);
	secret_release(&w->pkcs12);
}

/* ---- the pair ---- */

static bool make_pkcs12(struct http_words *w, const struct driver_session *v,
			const struct secret_ref *ref, struct err *e)
{
	const struct job *j = v->job;
	const struct secret *password = NULL;
	AUTO(secret) der = { 0 };

	if (!driver_secret(v, ref, &password, e))
		return false;

	const struct export_order order = {
		.set = j->set, .key = j->key, .password = password, .name = j->component->name
	};

	if (!export_pkcs12(&order, &der, e))
		return false;
	text_base64_secret(&w->pkcs12, der.bytes, der.len);
	return true;
}

static unsigned parts_in(const struct http_text *t)
{
	unsigned found = 0;

	for (size_t i = 0; i < t->count; i++)
		if (parts[t->pieces[i].what] != FILE_KIND_COUNT)
			found |= 1U << parts[t->pieces[i].what];
	return found;
}

static void add_pieces(struct http_words *w, const struct job *j, unsigned wanted)
{
	unsigned missing = 0;

	for (int part = 0; part < FILE_KIND_COUNT; part++)
		if (wanted & 1U << part && !w->pieces.parts[part].there)
			missing |= 1U << part;
	if (missing)
		pair_files_of_pair(&w->pieces, missing, j->set, j->key);
}

bool http_words_prepare(struct http_words *w, const struct driver_session *v,
			const struct http_request *r, const struct secret_ref *pkcs12_password,
			struct err *e)
{
	bool wants_pkcs12 = http_text_has(&r->body, MATERIAL_PKCS12) ||
			    http_text_has(&r->json, MATERIAL_PKCS12);

	if (!request_needs_pair(r))
		return true;
	if (!v->job->set || !v->job->key)
		return err_set(e, ERR_MISSING, "the pair %.12s is not in the state",
			       v->job->fingerprint);
	add_pieces(w, v->job, parts_in(&r->body) | parts_in(&r->json));
	return !wants_pkcs12 || w->pkcs12.len || make_pkcs12(w, v, pkcs12_password, e);
}

/* ---- texts ---- */

/* Escapes newlines for JSON; PEM has no other character that needs it. */
static void add_escaped(struct secret *out, const struct secret *text)
{
	const unsigned char *at = text->bytes;
	const unsigned char *end = at + text->len;

	while (at < end) {
		const unsigned char *line = memchr(at, '\n', end - at);
		size_t len = line ? (size_t)(line - at) : (size_t)(end - at);

		secret_add(out, at, len);
		if (line)
			secret_add(out, "\\n", 2);
		at += len + (line != NULL);
	}
}

/* Text of the job's notice or its fingerprint; NULL: the material is of the pair. */
static const char *told_text(const struct job *j, enum material what)
{
	switch (what) {
	case MATERIAL_FINGERPRINT:
		return j->fingerprint ? j->fingerprint : "";
	case MATERIAL_FLEET:
		return j->notice->fleet;
	case MATERIAL_RUN:
		return j->notice->run;
	case MATERIAL_OUTCOME:
		return j->notice->outcome;
	case MATERIAL_LINES:
		return j->notice->text;
	case MATERIAL_SUMMARY:
		return j->notice->summary;
	case MATERIAL_TEXT:
	case MATERIAL_CERTIFICATE:
	case MATERIAL_CHAIN:
	case MATERIAL_FULLCHAIN:
	case MATERIAL_KEY:
	case MATERIAL_COMBINED:
	case MATERIAL_PKCS12:
	case MATERIAL_COUNT:
		break;
	}
	return NULL;
}

static void add_notice_text(struct secret *out, const char *text, bool in_string)
{
	AUTO(arena) a = { 0 };
	AUTO(json) string = json_text(text);
	const char *quoted = json_to_text(string, &a);

	if (in_string)
		secret_add(out, quoted + 1, strlen(quoted) - 2);
	else
		secret_add(out, text, strlen(text));
}

static void add_material(struct secret *out, const struct http_words *w, const struct job *j,
			 enum material what, bool in_json)
{
	const struct secret *text = NULL;
	const char *told = told_text(j, what);

	if (told) {
		add_notice_text(out, told, in_json);
		return;
	}
	text = what == MATERIAL_PKCS12 ? &w->pkcs12 : &w->pieces.parts[parts[what]].bytes;
	if (in_json)
		add_escaped(out, text);
	else
		secret_add(out, text->bytes, text->len);
}

static void http_render_fill_in(struct secret *out, const struct http_words *w, const struct job *j,
				const struct http_text *t, bool in_json)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct http_piece *p = &t->pieces[i];

		if (p->what == MATERIAL_TEXT)
			secret_add(out, p->text, strlen(p->text));
		else
			add_material(out, w, j, p->what, in_json && !p->is_value);
	}
}

/* ---- headers ---- */

struct headers {
	struct exchange_header *list;
	struct secret *values;
	size_t count;
};

static struct secret *http_render_add_header(struct headers *h, const char *name)
{
	struct secret *value = &h->values[h->count];

	h->list[h->count++] = (struct exchange_header){ name, value };
	return value;
}

static bool has_header(const struct headers *h, const char *name)
{
	for (size_t i = 0; i < h->count; i++)
		if (!strcasecmp(h->list[i].name, name))
			return true;
	return false;
}

static bool fill_header(struct http_words *w, const struct driver_session *v,
			const struct http_header *from, struct secret *out, struct err *e)
{
	const struct secret *secret = NULL;

	if (from->secret.kind == SECRET_NONE) {
		http_render_fill_in(out, w, v->job, &from->text, false);
		return true;
	}
	if (!driver_secret(v, &from->secret, &secret, e))
		return err_in(e, "header '%s'", from->name);
	if (!secret->len || memchr(secret->bytes, '\n', secret->len) ||
	    memchr(secret->bytes, '\r', secret->len) || memchr(secret->bytes, '\0', secret->len))
		return err_set(e, ERR_INPUT,
			       "the secret for header '%s' is empty, or more than one line",
			       from->name);
	secret_copy(out, secret->bytes, secret->len);
	return true;
}

static bool http_render_add_headers(struct http_words *w, const struct driver_session *v,
				    const struct http_request *r, const struct http_access *access,
				    struct err *e)
{
	struct headers h = { 0 };

	h.list = arena_array(v->arena, r->header_count + 2, sizeof(*h.list));
	h.values = arena_array(v->arena, r->header_count + 2, sizeof(*h.values));
	drop_values(w);
	w->values = h.values;
	w->value_count = r->header_count + 2;
	for (size_t i = 0; i < r->header_count; i++) {
		const struct http_header *from = &r->headers[i];

		if (!fill_header(w, v, from, http_render_add_header(&h, from->name), e))
			return false;
	}
	if (access->user &&
	    !access_basic(v, access, http_render_add_header(&h, "Authorization"), e))
		return false;
	if (r->body.count && !has_header(&h, "Content-Type"))
		secret_copy(http_render_add_header(&h, "Content-Type"), "text/plain", 10);
	w->headers = h.list;
	w->header_count = h.count;
	return true;
}

/* ---- the request ---- */

bool http_render(struct http_words *w, const struct driver_session *v, const struct http_request *r,
		 const struct http_access *access, struct exchange *ask, struct err *e)
{
	AUTO(secret) path = { 0 };

	if (!driver_identity(v, access, &ask->identity, e) ||
	    !http_render_add_headers(w, v, r, access, e))
		return false;
	http_render_fill_in(&path, w, v->job, &r->url.path, false);
	ask->method = http_method_names[r->method];
	ask->path = arena_strdup(v->arena, (const char *)path.bytes);
	ask->headers = w->headers;
	ask->header_count = w->header_count;
	ask->timeout_ms = r->timeout * 1000;
	http_render_fill_in(&ask->body, w, v->job, &r->body, false);
	http_render_fill_in(&ask->body, w, v->job, &r->json, true);
	return true;
}

static bool http_render_is_listed(const struct http_request *r, long status)
{
	if (!r->expect)
		return status >= 200 && status < 300;
	for (const unsigned *s = r->expect; *s; s++)
		if ((long)*s == status)
			return true;
	return false;
}

bool http_expected(const struct driver_session *v, const struct exchange *x,
		   const struct http_request *r, struct err *e)
{
	return http_render_is_listed(r, x->status) || reply_refused(v, x, NULL, e);
}
