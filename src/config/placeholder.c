/* SPDX-License-Identifier: Apache-2.0 */
#include "config/placeholder.h"

#include "base/text.h"
#include "config/csv.h"

#include <string.h>

bool placeholder_in(const char *text)
{
	return strstr(text, "${") != NULL;
}

bool placeholder_excuses(const struct loader *ld, const struct node *n)
{
	return ld->scope && ld->scope->sample && strstr(n->text, "${each.");
}

static bool column_value(struct loader *ld, const struct node *n,
			 const char *column, const char **out)
{
	const struct scope *s = ld->scope;

	if (s->sample) {
		*out = "1";
		return true;
	}
	if (!s->csv)
		return complain(ld, n,
				"'${each.%s}' is only known in a group whose "
				"'each' names a CSV file",
				shown(ld, column));
	for (size_t i = 0; i < s->csv->columns; i++) {
		if (strcmp(s->csv->header[i], column))
			continue;
		*out = s->cells[i];
		return true;
	}
	return complain(ld, n, "the CSV file has no column '%s'",
			shown(ld, column));
}

static bool unknown(struct loader *ld, const struct node *n, const char *name)
{
	static const char *const names[] = { "each", "component.name",
					     "component.host", NULL };
	const char *meant = text_nearest(name, names);

	if (meant)
		return complain(ld, n,
				"unknown placeholder '${%s}', did you mean "
				"'${%s}'?",
				shown(ld, name), meant);
	return complain(ld, n,
			"unknown placeholder '${%s}'; write '$${' for a "
			"literal '${'",
			shown(ld, name));
}

static bool find_value(struct loader *ld, const struct node *n,
		       const char *name, const char **out)
{
	const struct scope *s = ld->scope;

	if (!s)
		return complain(ld, n,
				"'${%s}' means nothing here, outside of a "
				"component; write '$${' for a literal '${'",
				shown(ld, name));
	if (!strncmp(name, "each.", 5))
		return column_value(ld, n, name + 5, out);
	if (!strcmp(name, "each"))
		*out = s->each;
	else if (!strcmp(name, "component.name"))
		*out = s->name;
	else if (!strcmp(name, "component.host"))
		*out = s->host;
	else
		return unknown(ld, n, name);
	if (*out)
		return true;
	if (!strcmp(name, "each"))
		return complain(ld, n,
				"'${each}' is only known in a group, a "
				"component with 'each'");
	return complain(ld, n, "component '%s' has no host: give it 'host:'",
			shown(ld, s->name));
}

/* Appends what stands at `*at`, from "${" to its "}", and moves behind it. */
static bool replace_one(struct loader *ld, const struct node *n,
			const char **at, struct buf *out)
{
	const char *end = strchr(*at, '}');
	const char *value = NULL;

	if (!end)
		return complain(ld, n,
				"'${' without '}'; write '$${' for a literal "
				"'${'");

	const char *name =
		arena_strndup(&ld->work, *at + 2, (size_t)(end - *at - 2));

	if (!find_value(ld, n, name, &value))
		return false;
	*at = end + 1;
	buf_puts(out, value);
	return true;
}

static bool is_name(const char *at)
{
	return !strncmp(at, "${each}", 7) ||
	       !strncmp(at, "${component.name}", 17);
}

bool placeholder_next(struct loader *ld, const struct node *n,
		      enum placeholder_style style, const char **at,
		      struct buf *out)
{
	AUTO(buf) name = { 0 };

	if (!strncmp(*at, "$${", 3)) {
		buf_puts(out, "${");
		*at += 3;
		return true;
	}
	if (strncmp(*at, "${", 2)) {
		buf_putc(out, *(*at)++);
		return true;
	}
	if (style == PLACEHOLDER_TEXT ||
	    (style == PLACEHOLDER_PATH && !is_name(*at)))
		return replace_one(ld, n, at, out);
	if (!replace_one(ld, n, at, &name))
		return false;
	text_percent(out, buf_text(&name));
	return true;
}

bool placeholder_expand(struct loader *ld, const struct node *n,
			enum placeholder_style style, const char **out)
{
	AUTO(buf) text = { .limit = EXPANDED_LIMIT };

	for (const char *at = n->text; *at;)
		if (!placeholder_next(ld, n, style, &at, &text))
			return false;
	if (text.failed)
		return complain(ld, n, "longer than %d bytes", EXPANDED_LIMIT);
	*out = arena_strndup(&ld->fleet.arena, buf_text(&text), text.len);
	return true;
}
