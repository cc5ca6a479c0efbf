/* SPDX-License-Identifier: Apache-2.0 */
#include "model/issue_request.h"

#include "base/buf.h"
#include "base/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAMES_SHOWN = 5, /* of those added, and of those removed */
};

static const char *const request_field_names[REQUEST_FIELDS] = { "subject", "names", "issuer",
								 "purpose", "key",   "validity" };

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
	size_t count = 0;

	for (size_t i = 0; i < REQUEST_FIELDS; i++) {
		const struct request_field f = {
			.field = request_field_names[i],
			.value = shown_value(request, request_field_names[i], a),
			.was = was ? shown_value(was, request_field_names[i], a) : NULL,
		};

		if (*f.value || (f.was && *f.was))
			out[count++] = f;
	}
	return count;
}

/* ---- differences of two requests ---- */

/* "90d": the largest unit that divides it. */
static const char *short_duration(const char *seconds, struct arena *a)
{
	static const struct {
		int64_t size;
		char unit;
	} units[] = {
		{ 365 * 86400, 'y' }, { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' }
	};
	int64_t whole = strtoll(seconds, NULL, 10);
	size_t i = 0;

	while (whole % units[i].size)
		i++;
	return arena_printf(a, "%" PRId64 "%c", whole / units[i].size, units[i].unit);
}

static bool is_line_of(const char *request, const char *line, size_t len)
{
	for (const char *at = request; *at; at += strcspn(at, "\n") + 1)
		if (!strncmp(at, line, len) && at[len] == '\n')
			return true;
	return false;
}

/* Appends the names of `request` that `other` lacks, each as " +name" or " -name". */
static void add_names(struct buf *out, const char *request, const char *other, char sign)
{
	size_t count = 0;

	for (const char *line = request; *line; line += strcspn(line, "\n") + 1) {
		size_t len = strcspn(line, "\n");
		const char *value = memchr(line, ':', len);

		if (strncmp(line, "names=", 6) != 0 || !value || is_line_of(other, line, len))
			continue;
		if (count++ < NAMES_SHOWN)
			buf_printf(out, " %c%.*s", sign, (int)(line + len - value - 1), value + 1);
	}
	if (count > NAMES_SHOWN)
		buf_printf(out, " and %zu more", count - NAMES_SHOWN);
}

static void add_shown_value(struct buf *out, const char *field, const char *value, struct arena *a)
{
	if (*value && !strcmp(field, "validity"))
		value = short_duration(value, a);
	buf_puts(out, *value ? value : "none");
}

const char *request_changes(const char *before, const char *after, struct arena *a)
{
	AUTO(buf) out = { 0 };

	if (!strcmp(before, after))
		return NULL;
	for (size_t i = 0; i < REQUEST_FIELDS; i++) {
		const char *field = request_field_names[i];
		const char *was = values_of(before, field, a);
		const char *now = values_of(after, field, a);

		if (!strcmp(was, now))
			continue;
		buf_printf(&out, "%s%s", out.len ? "; " : "", field);
		if (!strcmp(field, "names")) {
			add_names(&out, after, before, '+');
			add_names(&out, before, after, '-');
			continue;
		}
		buf_putc(&out, ' ');
		add_shown_value(&out, field, was, a);
		buf_puts(&out, " -> ");
		add_shown_value(&out, field, now, a);
	}
	return out.len ? arena_strdup(a, buf_text(&out)) : "what is asked for changed";
}
