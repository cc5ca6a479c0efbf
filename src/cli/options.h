/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of the command line by tables: one row per option, type-checked
 * against the member it sets.
 *
 *	static const struct option options[] = {
 *		FLAG(struct plan_options, json, .name = "json", .help = "..."),
 *		{ 0 },
 *	};
 *
 * Options are long, with `--name value` or `--name=value`; a row may add a
 * letter.  `--` ends the options.  Any other argument is a word.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_TEXTS,    /* may be repeated */
	OPTION_DURATION, /* 90d */
	OPTION_TIME,     /* RFC 3339, a date, or +DURATION from now on */
	OPTION_CHOICE,   /* index into `choices` */
	OPTION_LATER,    /* reserved name, not implemented yet */
	OPTION_KIND_COUNT
};

struct texts {
	const char **items;
	size_t count;
	size_t room;
};

struct moment {
	bool given;
	int64_t seconds; /* a duration, or since 1970 */
};

struct option {
	const char *name;
	char letter; /* 0: none */
	enum option_kind kind;
	size_t offset;
	const char *argument;       /* placeholder in the help; NULL: takes no value */
	const char *const *choices; /* ends with NULL */
	const char *help;
};

#define OPTION(T, member, ctype, option_kind, ...)         \
	{                                                  \
		.kind = option_kind,                       \
		.offset = _Generic(((T *)0)->member, ctype \
				   : offsetof(T, member)), \
		__VA_ARGS__                                \
	}
#define FLAG(T, m, ...) OPTION(T, m, bool, OPTION_FLAG, __VA_ARGS__)
#define TEXT(T, m, ...) OPTION(T, m, const char *, OPTION_TEXT, __VA_ARGS__)
#define TEXTS(T, m, ...) OPTION(T, m, struct texts, OPTION_TEXTS, __VA_ARGS__)
#define DURATION(T, m, ...) \
	OPTION(T, m, struct moment, OPTION_DURATION, .argument = "DURATION", __VA_ARGS__)
#define TIME(T, m, ...) \
	OPTION(T, m, struct moment, OPTION_TIME, .argument = "TIME|+DURATION", __VA_ARGS__)
#define CHOICE(T, m, ...) OPTION(T, m, int, OPTION_CHOICE, __VA_ARGS__)
#define LATER(option_name)                                \
	{                                                 \
		.kind = OPTION_LATER, .name = option_name \
	}

/* A table and the struct its rows set. */
struct option_set {
	const struct option *options; /* ends with a row without name */
	void *values;
};

struct parse {
	struct arena *arena;
	const struct option_set *sets;
	size_t set_count;
	bool stop_at_word; /* the rest is for the command */
	struct texts words;
};

/*
 * Parses `argv` (ends with NULL) into the sets and the words; `used` is the
 * number of arguments parsed.  Values point into argv.  ERR_USAGE names the
 * option.
 */
MUST_CHECK bool options_parse(struct parse *p, char *const *argv, size_t *used, struct err *e);

/* Prints the rows as help, one or more lines each. */
void options_help(const struct option *options, struct buf *out);

#endif
