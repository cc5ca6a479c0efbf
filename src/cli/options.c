/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>

enum {
	HELP_COLUMN = 26
};

/* One option as given on the command line. */
struct given {
	const struct option *option;
	void *slot;
	const char *shown; /* "--json" or "-C", for messages */
	const char *value; /* NULL: no value */
};

/* ---- finding an option ---- */

static const struct option *match(const struct option *o, const char *word, size_t len)
{
	for (; o->name; o++) {
		if (word[0] == '-' && word[1] == '-' && strlen(o->name) == len - 2 &&
		    !strncmp(o->name, word + 2, len - 2))
			return o;
		if (len == 2 && o->letter && word[1] == o->letter)
			return o;
	}
	return NULL;
}

static bool options_unknown(struct parse *p, const char *shown, struct err *e)
{
	VEC(const char *) names = { 0 };

	for (size_t i = 0; i < p->set_count; i++)
		for (const struct option *o = p->sets[i].options; o->name; o++)
			VEC_PUSH(&names, p->arena, o->name);
	VEC_PUSH(&names, p->arena, NULL);

	const char *near = text_nearest(shown + strspn(shown, "-"), names.items);

	shown = text_escaped(p->arena, shown);
	if (near)
		return err_set(e, ERR_USAGE, "unknown option '%s', did you mean '--%s'?", shown,
			       near);
	return err_set(e, ERR_USAGE, "unknown option '%s'", shown);
}

static bool options_find(struct parse *p, const char *word, struct given *g, struct err *e)
{
	size_t len = strcspn(word, "=");

	g->shown = arena_strndup(p->arena, word, len);
	g->value = word[len] ? word + len + 1 : NULL;
	for (size_t i = 0; i < p->set_count; i++) {
		g->option = match(p->sets[i].options, word, len);
		if (!g->option)
			continue;
		g->slot = (char *)p->sets[i].values + g->option->offset;
		return true;
	}
	return options_unknown(p, g->shown, e);
}

/* ---- setting a value ---- */

static bool take_moment(const struct given *g, struct err *e)
{
	struct moment *slot = g->slot;
	bool is_time = g->option->kind == OPTION_TIME;
	bool is_ahead = is_time && *g->value == '+';
	bool good = is_ahead  ? duration_parse(g->value + 1, &slot->seconds)
		    : is_time ? time_parse(g->value, &slot->seconds)
			      : duration_parse(g->value, &slot->seconds);

	if (is_ahead && good)
		slot->seconds += clock_now();
	slot->given = true;
	return good || err_set(e, ERR_USAGE, "'%s' must look like %s", g->shown,
			       is_time ? "2026-11-23T08:00:00Z or +90d" : "90d, 36h or 15m");
}

static bool take_choice(struct parse *p, const struct given *g, struct err *e)
{
	AUTO(buf) list = { 0 };

	for (int i = 0; g->option->choices[i]; i++) {
		if (!strcmp(g->option->choices[i], g->value)) {
			*(int *)g->slot = i;
			return true;
		}
		buf_printf(&list, "%s%s", i ? ", " : "", g->option->choices[i]);
	}
	return err_set(e, ERR_USAGE, "'%s' cannot be '%s', it is one of: %s", g->shown,
		       text_escaped(p->arena, g->value), buf_text(&list));
}

static bool options_take(struct parse *p, const struct given *g, struct err *e)
{
	switch (g->option->kind) {
	case OPTION_FLAG:
		*(bool *)g->slot = true;
		return true;
	case OPTION_TEXT:
		*(const char **)g->slot = g->value;
		return true;
	case OPTION_TEXTS:
		VEC_PUSH((struct texts *)g->slot, p->arena, g->value);
		return true;
	case OPTION_DURATION:
	case OPTION_TIME:
		return take_moment(g, e);
	case OPTION_CHOICE:
		return take_choice(p, g, e);
	case OPTION_LATER:
	case OPTION_KIND_COUNT:
		break;
	}
	return err_set(e, ERR_USAGE, "'%s' is not supported by this version yet", g->shown);
}

/* `next` is NULL at the end of the command line. */
static bool read_option(struct parse *p, const char *word, const char *next, size_t *used,
			struct err *e)
{
	struct given g = { 0 };

	if (!options_find(p, word, &g, e))
		return false;

	bool alone = g.option->kind == OPTION_FLAG || g.option->kind == OPTION_LATER;

	if (g.option->kind == OPTION_FLAG && g.value)
		return err_set(e, ERR_USAGE, "'%s' takes no value", g.shown);
	if (!alone && !g.value) {
		g.value = next;
		*used += 1;
	}
	if (!alone && (!g.value || !*g.value))
		return err_set(e, ERR_USAGE, "'%s' needs a value", g.shown);
	*used += 1;
	return options_take(p, &g, e);
}

bool options_parse(struct parse *p, char *const *argv, size_t *used, struct err *e)
{
	size_t at = 0;
	bool ended = false;

	while (argv[at]) {
		const char *word = argv[at];
		bool is_option = !ended && word[0] == '-' && word[1];

		if (is_option && !strcmp(word, "--")) {
			ended = true;
			at++;
		} else if (is_option) {
			if (!read_option(p, word, argv[at + 1], &at, e))
				return false;
		} else if (p->stop_at_word) {
			break;
		} else {
			VEC_PUSH(&p->words, p->arena, word);
			at++;
		}
	}
	*used = at;
	return true;
}

/* ---- help ---- */

void options_help(const struct option *options, struct buf *out)
{
	for (const struct option *o = options; o->name; o++) {
		if (o->kind == OPTION_LATER)
			continue;

		size_t begin = out->len;

		if (o->letter)
			buf_printf(out, "  -%c, --%s", o->letter, o->name);
		else
			buf_printf(out, "  --%s", o->name);
		if (o->argument)
			buf_printf(out, " %s", o->argument);
		if (out->len - begin + 1 >= HELP_COLUMN) {
			buf_putc(out, '\n');
			begin = out->len;
		}
		while (out->len - begin < HELP_COLUMN)
			buf_putc(out, ' ');
		buf_printf(out, "%s\n", o->help);
	}
}
