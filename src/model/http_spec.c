/* SPDX-License-Identifier: Apache-2.0 */
#include "model/http_spec.h"

#include "base/buf.h"

/* Placeholder names, as in "${fullchain}"; plain text has none. */
const char *const material_names[MATERIAL_COUNT + 1] = {
	[MATERIAL_TEXT] = "",           [MATERIAL_FINGERPRINT] = "fingerprint",
	[MATERIAL_FLEET] = "fleet",     [MATERIAL_RUN] = "run",
	[MATERIAL_OUTCOME] = "outcome", [MATERIAL_LINES] = "text",
	[MATERIAL_SUMMARY] = "summary", [MATERIAL_CERTIFICATE] = "certificate",
	[MATERIAL_CHAIN] = "chain",     [MATERIAL_FULLCHAIN] = "fullchain",
	[MATERIAL_KEY] = "key",         [MATERIAL_COMBINED] = "combined",
	[MATERIAL_PKCS12] = "pkcs12",
};
const char *const http_method_names[HTTP_METHOD_COUNT + 1] = {
	[HTTP_GET] = "GET",     [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",
	[HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
};

bool http_text_has(const struct http_text *t, enum material what)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->pieces[i].what == what)
			return true;
	return false;
}

bool http_text_needs_pair(const struct http_text *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->pieces[i].what >= MATERIAL_CERTIFICATE)
			return true;
	return false;
}

bool request_needs_pair(const struct http_request *r)
{
	return http_text_needs_pair(&r->body) || http_text_needs_pair(&r->json);
}

bool material_is_public(enum material what)
{
	return what <= MATERIAL_OUTCOME;
}

const char *http_url_text(const struct http_url *url, struct arena *a)
{
	AUTO(buf) out = { 0 };

	buf_puts(&out, url->origin);
	for (size_t i = 0; i < url->path.count; i++) {
		const struct http_piece *p = &url->path.pieces[i];

		if (p->what == MATERIAL_TEXT)
			buf_puts(&out, p->text);
		else
			buf_printf(&out, "${%s}", material_names[p->what]);
	}
	return arena_strdup(a, buf_text(&out));
}
