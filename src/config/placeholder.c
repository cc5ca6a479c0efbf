/* SPDX-License-Identifier: Apache-2.0 */
#include "config/placeholder.h"

#include "base/text.h"
#include "config/csv.h"

#include <string.h>

bool placeholder_in(const char *text)
{
	return strstr(text, "${") != NULL;
}

const char *as_written(struct loader *ld, const struct node *n, const char *made)
{
	return shown(ld, placeholder_in(n->text) ? n->text : made);
}

bool placeholder_excuses(const struct loader *ld, const struct node *n)
{
	return ld->scope && ld->scope->sample && strstr(n->text, "${each.");
}

static bool column_value(struct loader *ld, const struct node *n, const char *column,
			 const char **out)
{
	const struct scope *s = ld->scope;

	if (s->sample) {
		*out = "1";
		return true;
	}
	if (!s->csv)
		return config_error(
			ld, n,
			"'${each.%s}' is only known in a group whose 'each' names a CSV file",
			shown(ld, column));
	for (size_t i = 0; i < s->csv->columns; i++) {
		if (strcmp(s->csv->header[i], column))
			continue;
		*out = s->cells[i];
		return true;
	}
	return config_error(ld, n, "the CSV file has no column '%s'", shown(ld, column));
}

static bool placeholder_unknown(struct loader *ld, const struct node *n, const char *name)
{
	static const char *const names[] = { "each", "component.name", "component.host", NULL };
	const char *meant = text_nearest(name, names);

	if (meant)
		return config_error(ld, n, "unknown placeholder '${%s}', did you mean '${%s}'?",
				    shown(ld, name), meant);
	return config_error(ld, n, "unknown placeholder '${%s}'; write '$${' for a literal '${'",
			    shown(ld, name));
}

static bool find_value(struct loader *ld, const struct node *n, const char *name, const char **out)
{
	const struct scope *s = ld->scope;

	if (!s)
		return config_error(
			ld, n,
			"'${%s}' means nothing here, outside of a component; write '$${' for a literal '${'",
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
		return placeholder_unknown(ld, n, name);
	if (*out)
		return true;
	if (!strcmp(name, "each"))
		return config_error(ld, n,
				    "'${each}' is only known in a group, a component with 'each'");
	if (s->item)
		return config_error(ld, n, "it has no host: give it 'host:'");
	return config_error(ld, n, "component '%s' has no host: give it 'host:'",
			    shown(ld, s->name));
}

static bool placeholder_reject(const struct expansion *x, const char *name, const char *fault)
{
	return config_error(x->ld, x->n, "'${%s}' cannot stand in %s: its value %s",
			    shown(x->ld, name), grammar_words(x->grammar), fault);
}

/* Appends the value of the placeholder at `*at` and moves behind its "}". */
static bool replace_one(const struct expansion *x, const char **at, struct buf *out)
{
	struct loader *ld = x->ld;
	const char *end = strchr(*at, '}');
	struct quote q = { .text = x->text, .at = *at };

	if (!end)
		return config_error(ld, x->n, "'${' without '}'; write '$${' for a literal '${'");

	const char *name = arena_strndup(&ld->work, *at + 2, (size_t)(end - *at - 2));

	if (!find_value(ld, x->n, name, &q.value))
		return false;
	q.end = end + 1;
	*at = q.end;

	const char *fault = quote_add(x->grammar, &q, out);

	return !fault || placeholder_reject(x, name, fault);
}

bool placeholder_next(const struct expansion *x, const char **at, struct buf *out)
{
	if (!strncmp(*at, "$${", 3)) {
		buf_puts(out, "${");
		*at += 3;
		return true;
	}
	if (!strncmp(*at, "${", 2))
		return replace_one(x, at, out);
	buf_putc(out, *(*at)++);
	return true;
}

/* The first placeholder of a text, for a message about the whole text. */
static const char *first_name(const struct expansion *x)
{
	const char *at = strstr(x->text, "${");

	return arena_strndup(&x->ld->work, at + 2, strcspn(at + 2, "}"));
}

bool placeholder_expand(struct loader *ld, const struct node *n, enum grammar g, const char **out)
{
	const struct expansion x = { ld, n, n->text, g };

	if (!loader_has_room(ld, n))
		return false;

	AUTO(buf) text = { .limit = EXPANDED_LIMIT };

	for (const char *at = n->text; *at;)
		if (!placeholder_next(&x, &at, &text))
			return false;
	if (text.failed)
		return config_error(ld, n, "longer than %d bytes", EXPANDED_LIMIT);

	const char *fault = quote_check(g, n->text, buf_text(&text));

	if (fault && loader_can_report(ld))
		return placeholder_reject(&x, first_name(&x), fault);
	if (fault)
		return config_error(ld, n, "%s", fault);
	*out = arena_strndup(&ld->fleet.arena, buf_text(&text), text.len);
	return true;
}
