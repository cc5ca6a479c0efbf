/* SPDX-License-Identifier: Apache-2.0 */
#include "model/http_spec.h"

/* Placeholder names, as in "${fullchain}"; plain text has none. */
const char *const material_names[MATERIAL_COUNT + 1] = {
	[MATERIAL_TEXT] = "",
	[MATERIAL_FINGERPRINT] = "fingerprint",
	[MATERIAL_CERTIFICATE] = "certificate",
	[MATERIAL_CHAIN] = "chain",
	[MATERIAL_FULLCHAIN] = "fullchain",
	[MATERIAL_KEY] = "key",
	[MATERIAL_COMBINED] = "combined",
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
		if (t->pieces[i].what > MATERIAL_FINGERPRINT)
			return true;
	return false;
}

bool request_needs_pair(const struct http_request *r)
{
	return http_text_needs_pair(&r->body) || http_text_needs_pair(&r->json);
}
