/* SPDX-License-Identifier: Apache-2.0 */
#include "model/issue_request.h"

#include "base/buf.h"
#include "base/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *certificate_request(const struct certificate *c, struct arena *a)
{
	AUTO(buf) out = { 0 };

	buf_printf(&out, "subject=%s\n", c->subject ? c->subject : "");
	for (size_t i = 0; i < c->name_count; i++)
		buf_printf(&out, "names=%s:%s\n", name_kind_names[c->names[i].kind],
			   c->names[i].value);
	buf_printf(&out, "key=%s\nissuer=%s\nvalidity=%" PRId64 "\n", key_type_names[c->key],
		   c->issuer ? c->issuer->name : "", c->validity);
	buf_printf(&out, "purpose=%s%s\n", c->purpose & PURPOSE_SERVER ? "server " : "",
		   c->purpose & PURPOSE_CLIENT ? "client " : "");
	return arena_strdup(a, buf_text(&out));
}

const char *issuer_request(const struct issuer *i, struct arena *a)
{
	return arena_printf(a, "subject=%s\nkey=%s\nvalidity=%" PRId64 "\n", i->subject,
			    key_type_names[i->key], i->validity);
}

const char *request_difference(const char *a, const char *b, struct arena *arena)
{
	const char *line_a = a;
	const char *line_b = b;
	size_t at = 0;

	while (a[at] && a[at] == b[at]) {
		if (a[at] == '\n') {
			line_a = a + at + 1;
			line_b = b + at + 1;
		}
		at++;
	}
	if (a[at] == b[at])
		return NULL;
	/* With more names in one request, the other is at its next field already. */
	if (!strncmp(line_a, "names=", 6) || !strncmp(line_b, "names=", 6))
		return "names";
	return arena_strndup(arena, line_a, strcspn(line_a, "="));
}

const char *request_rename_issuer(const char *request, const char *old, const char *new_name,
				  struct arena *a)
{
	const char *line = arena_printf(a, "\nissuer=%s\n", old);
	const char *at = strstr(request, line);

	if (!at)
		return request;
	return arena_printf(a, "%.*s\nissuer=%s\n%s", (int)(at - request), request, new_name,
			    at + strlen(line));
}

/* The values of a field, one after the other; "" when it has none. */
static const char *values_of(const char *request, const char *field, struct arena *a)
{
	size_t len = strlen(field);
	AUTO(buf) out = { 0 };

	for (const char *line = request; *line;) {
		size_t end = strcspn(line, "\n");

		if (!strncmp(line, field, len) && line[len] == '=')
			buf_printf(&out, "%s%.*s", out.len ? " " : "", (int)(end - len - 1),
				   line + len + 1);
		line += end + (line[end] == '\n');
	}
	while (out.len && out.data[out.len - 1] == ' ')
		out.len--; /* each purpose is followed by a blank */
	return arena_strndup(a, buf_text(&out), out.len);
}

static const char *shown_value(const char *request, const char *field, struct arena *a)
{
	const char *values = values_of(request, field, a);
	char words[DURATION_TEXT];

	if (strcmp(field, "validity") != 0 || !*values)
		return values;
	return arena_strdup(a, duration_words(strtoll(values, NULL, 10), words));
}

size_t request_fields(const char *request, const char *was, struct arena *a,
		      struct request_field out[REQUEST_FIELDS])
{
	static const char *const fields[REQUEST_FIELDS] = { "subject", "names", "issuer",
							    "purpose", "key",   "validity" };
	size_t count = 0;

	for (size_t i = 0; i < REQUEST_FIELDS; i++) {
		const struct request_field f = {
			.field = fields[i],
			.value = shown_value(request, fields[i], a),
			.was = was ? shown_value(was, fields[i], a) : NULL,
		};

		if (*f.value || (f.was && *f.was))
			out[count++] = f;
	}
	return count;
}
