/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"
#include "test.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct values {
	bool json;
	const char *out;
	struct texts targets;
	struct moment wait;
	struct moment at;
	int color;
};

static const char *const colors[] = { "auto", "always", "never", NULL };

static const struct option options[] = {
	FLAG(struct values, json, .name = "json", .letter = 'j', .help = "."),
	TEXT(struct values, out, .name = "out", .letter = 'o', .argument = "FILE",
	     .help = "where to"),
	TEXTS(struct values, targets, .name = "target", .argument = "T", .help = "."),
	DURATION(struct values, wait, .name = "wait", .help = "."),
	TIME(struct values, at, .name = "at", .help = "."),
	CHOICE(struct values, color, .name = "color", .choices = colors, .help = "."),
	LATER("markdown"),
	{ 0 },
};

struct parsed {
	struct arena arena;
	struct values values;
	struct parse parse;
	size_t used;
	bool good;
	struct err e;
};

static void parsed_release(struct parsed *p)
{
	arena_release(&p->arena);
}
AUTO_STRUCT(parsed, struct parsed, parsed_release)

static void parse_words(struct parsed *p, const char *const *argv, bool stop_at_word)
{
	const struct option_set set = { options, &p->values };

	p->parse = (struct parse){
		.arena = &p->arena, .sets = &set, .set_count = 1, .stop_at_word = stop_at_word
	};
	p->good = options_parse(&p->parse, (char *const *)argv, &p->used, &p->e);
}

#define PARSE(p, ...) parse_words((p), (const char *const[]){ __VA_ARGS__, NULL }, false)

TEST(values_come_after_a_blank_or_an_equals_sign)
{
	AUTO(parsed) p = { 0 };

	PARSE(&p, "--json", "--out", "a", "file", "--target=x", "--target", "y", "--wait", "90d",
	      "--at=2026-11-23", "--color=never");
	assert_true(p.good);
	assert_true(p.values.json);
	assert_string_equal(p.values.out, "a");
	assert_int_equal(p.values.targets.count, 2);
	assert_string_equal(p.values.targets.items[1], "y");
	assert_true(p.values.wait.given);
	assert_int_equal(p.values.wait.seconds, 7776000);
	assert_int_equal(p.values.at.seconds, 1795392000);
	assert_int_equal(p.values.color, 2);
	assert_int_equal(p.parse.words.count, 1);
	assert_string_equal(p.parse.words.items[0], "file");
}

TEST(letters_stand_for_names)
{
	AUTO(parsed) p = { 0 };

	PARSE(&p, "-j", "-o", "x");
	assert_true(p.good && p.values.json);
	assert_string_equal(p.values.out, "x");
}

TEST(two_dashes_end_the_options)
{
	AUTO(parsed) p = { 0 };

	PARSE(&p, "--", "--json", "-");
	assert_true(p.good);
	assert_false(p.values.json);
	assert_int_equal(p.parse.words.count, 2);
	assert_string_equal(p.parse.words.items[0], "--json");
}

TEST(the_rest_after_the_command_is_left_alone)
{
	static const char *const argv[] = { "-j", "plan", "--strange", NULL };
	AUTO(parsed) p = { 0 };

	parse_words(&p, argv, true);
	assert_true(p.good && p.values.json);
	assert_int_equal(p.used, 1);
}

TEST(mistakes_are_usage_errors_that_name_the_option)
{
	static const struct {
		const char *words[3];
		const char *says;
	} bad[] = {
		{ { "--jsn" }, "did you mean '--json'" },
		{ { "--x\x1b[31m" }, "\\x1b" },
		{ { "--json=1" }, "--json" },
		{ { "--out" }, "--out" },
		{ { "--wait", "soon" }, "--wait" },
		{ { "--at", "soon" }, "--at" },
		{ { "--color", "pink" }, "always" },
		{ { "--markdown" }, "not supported by this version yet" },
		{ { "-z" }, "-z" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		AUTO(parsed) p = { 0 };

		PARSE(&p, bad[i].words[0], bad[i].words[1]);
		assert_false(p.good);
		assert_int_equal(p.e.code, ERR_USAGE);
		if (!strstr(p.e.text, bad[i].says))
			fail_msg("'%s' does not say '%s'", p.e.text, bad[i].says);
	}
}
