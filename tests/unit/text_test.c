/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "test.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void assert_escaped(const char *from, size_t len, const char *to)
{
	AUTO(buf) out = { 0 };

	text_escape(&out, from, len);
	assert_string_equal(buf_text(&out), to);
}

TEST(plain_text_is_shown_as_it_is)
{
	assert_escaped("front, caf\xc3\xa9 \xf0\x9f\x94\x91", 17,
		       "front, caf\xc3\xa9 \xf0\x9f\x94\x91");
	assert_escaped("", 0, "");
}

TEST(what_could_forge_a_line_is_shown_as_bytes)
{
	assert_escaped("a\nb\x1b[31m\r\0c", 11, "a\\x0ab\\x1b[31m\\x0d\\x00c");
	assert_escaped("\x7f\xc2\x85", 3, "\\x7f\\xc2\\x85");
	/* right-to-left override, zero width space, byte order mark */
	assert_escaped("\xe2\x80\xae", 3, "\\xe2\\x80\\xae");
	assert_escaped("\xe2\x80\x8b", 3, "\\xe2\\x80\\x8b");
	assert_escaped("\xef\xbb\xbf", 3, "\\xef\\xbb\\xbf");
}

TEST(invalid_utf8_is_shown_as_bytes)
{
	assert_escaped("\xff\xc0\x80\xed\xa0\x80\xf5", 7, "\\xff\\xc0\\x80\\xed\\xa0\\x80\\xf5");
	assert_escaped("\xe2\x82", 2, "\\xe2\\x82"); /* cut short */
	assert_escaped("\xe2\x28\xa1", 3, "\\xe2(\\xa1");
}

TEST(long_text_is_cut)
{
	AUTO(buf) out = { 0 };
	char text[TEXT_SHOWN_LIMIT + 1];

	memset(text, 'x', sizeof(text));
	text_escape(&out, text, sizeof(text));
	assert_int_equal(out.len, TEXT_SHOWN_LIMIT + 3);
	assert_string_equal(buf_text(&out) + TEXT_SHOWN_LIMIT, "...");
}

static void assert_quoted(const char *from, const char *to)
{
	AUTO(buf) out = { 0 };

	text_quote(&out, from, strlen(from));
	assert_string_equal(buf_text(&out), to);
}

TEST(one_line_ends_a_message_and_several_stand_below_it)
{
	AUTO(buf) out = { 0 };

	assert_quoted("no such unit\r\n", ": no such unit");
	assert_quoted("a\x1b[2J  \n\n\tb\n", ":\na\\x1b[2J\n\\x09b");
	assert_quoted("", "");
	assert_quoted(" \n\r\n\n", "");
	text_escape_lines(&out, "failed:\na\nb\x1b", "\n  | ");
	assert_string_equal(buf_text(&out), "failed:\n  | a\n  | b\\x1b");
}

TEST(a_long_output_is_quoted_from_the_first_whole_line_of_its_end)
{
	char text[TEXT_QUOTED + 8];
	AUTO(buf) out = { 0 };

	memset(text, 'x', sizeof(text));
	memcpy(text + 9, "\nend", 4);
	text_quote(&out, text, sizeof(text));
	assert_int_equal(out.len, 2 + TEXT_SHOWN_LIMIT + 3);
	assert_memory_equal(buf_text(&out), ": endx", 6);
	memset(text, 'x', sizeof(text));
	out.len = 0;
	text_quote(&out, text, sizeof(text));
	assert_memory_equal(buf_text(&out), ": xxx", 5);
}

TEST(utf8_is_told_from_bytes)
{
	static const char *const bad[] = { "\x80",         "\xc1\xbf",         "\xe0\x80\x80",
					   "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
					   "a\xc3" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(text_is_utf8(bad[i], strlen(bad[i])));
	assert_false(text_is_utf8("a\0b", 3));
	assert_true(text_is_utf8("a\xc3\xa9\xf4\x8f\xbf\xbf", 7));
}

TEST(names_are_percent_encoded)
{
	AUTO(buf) out = { 0 };

	text_percent(&out, "edge/e1 \xc3\xa9.x_y-z%");
	assert_string_equal(buf_text(&out), "edge%2Fe1%20%C3%A9.x_y-z%25");
}

TEST(hex_goes_both_ways)
{
	unsigned char bytes[4];
	char text[9];

	text_hex("\x00\x9f\xff\x10", 4, text);
	assert_string_equal(text, "009fff10");
	assert_true(text_unhex("009FfF10", bytes, 4));
	assert_memory_equal(bytes, "\x00\x9f\xff\x10", 4);
	assert_false(text_unhex("009fff1", bytes, 4));
	assert_false(text_unhex("009fff1g", bytes, 4));
	assert_false(text_unhex("009fff1000", bytes, 4));
}

TEST(a_fingerprint_is_64_lower_case_digits_or_nothing)
{
	char text[FINGERPRINT_TEXT];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_true(text_is_fingerprint(text));
	assert_true(text_is_fingerprint(""));
	text[5] = 'A';
	assert_false(text_is_fingerprint(text));
	text[5] = '\0';
	assert_false(text_is_fingerprint(text));
}

TEST(base64_goes_both_ways)
{
	static const char *const pairs[][2] = {
		{ "", "" },        { "f", "Zg==" },        { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "\xff\xfe", "//4=" },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		AUTO(buf) out = { 0 };
		AUTO(secret) wiped = { 0 };
		unsigned char bytes[16];
		size_t got = 99;
		size_t len = strlen(pairs[i][0]);

		text_base64(&out, pairs[i][0], len);
		assert_string_equal(buf_text(&out), pairs[i][1]);
		secret_copy(&wiped, "x", 1);
		text_base64_secret(&wiped, pairs[i][0], len);
		assert_string_equal((char *)wiped.bytes + 1, pairs[i][1]);
		assert_true(text_unbase64(pairs[i][1], strlen(pairs[i][1]), bytes, &got));
		assert_int_equal(got, len);
		assert_memory_equal(bytes, pairs[i][0], len);
	}
}

TEST(what_is_not_strict_base64_is_refused)
{
	static const char *const bad[] = { "Zg=",  "Zg",   "Z===",  "=Zg=", "Zg==Zg==",
					   "Zh==", "Zm9=", "Zm\n8", "Zm-_" };
	unsigned char bytes[16];
	size_t got = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(text_unbase64(bad[i], strlen(bad[i]), bytes, &got));
}

TEST(a_typo_finds_the_word_that_was_meant)
{
	static const char *const words[] = { "issuer", "issuers", "subject", "validity", NULL };

	assert_string_equal(text_nearest("isuer", words), "issuer");
	assert_string_equal(text_nearest("subejct", words), "subject");
	assert_string_equal(text_nearest("validty", words), "validity");
	assert_string_equal(text_nearest("SUBJECT", words), "subject");
	assert_null(text_nearest("deliver", words));
	assert_null(text_nearest("x", words));
	assert_null(text_nearest("", words));
}

TEST(a_word_of_a_shell_is_quoted_where_it_has_to_be)
{
	static const struct {
		const char *text;
		const char *quoted;
	} rows[] = {
		{ "offline:role:web", "offline:role:web" },
		{ "edge/e1.example.com", "edge/e1.example.com" },
		{ "", "''" },
		{ "a b", "'a b'" },
		{ "a;$(id)`id`", "'a;$(id)`id`'" },
		{ "it's", "'it'\\''s'" },
		{ "~", "'~'" },
		{ "\xc3\xa9", "'\xc3\xa9'" },
		{ "a\n\\'b", "$'a\\x0a\\x5c\\x27b'" },
		{ "\xe2\x80\xae", "$'\\xe2\\x80\\xae'" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO(buf) out = { 0 };

		text_shell_word(&out, rows[i].text);
		assert_string_equal(buf_text(&out), rows[i].quoted);
	}
}

TEST(words_are_split_as_a_shell_does_and_nothing_is_expanded)
{
	static const struct {
		const char *text;
		const char *words; /* each in angle brackets; NULL: refused */
	} rows[] = {
		{ "", "" },
		{ " \t ", "" },
		{ "sh -c \"a b\"", "<sh><-c><a b>" },
		{ "  one   two\tthree\nfour ", "<one><two><three><four>" },
		{ "'a \"b\" c'", "<a \"b\" c>" },
		{ "\"it's\" x'y'z", "<it's><xyz>" },
		{ "\"\" ''", "<><>" },
		{ "a\\ b \\'c \\\\", "<a b><'c><\\>" },
		{ "\"\\\" \\\\ \\$ \\` \\n\"", "<\" \\ $ ` \\n>" },
		{ "'a\\'", "<a\\>" },
		{ "$HOME ~ * $(id) `id` {a,b} #x ;", "<$HOME><~><*><$(id)><`id`><{a,b}><#x><;>" },
		{ "\xc3\xa4 '\xc3\xa4 \xc3\xb6'", "<\xc3\xa4><\xc3\xa4 \xc3\xb6>" },
		{ "sh -c 'a", NULL },
		{ "\"a", NULL },
		{ "\"a\\\"", NULL },
		{ "a 'b\"c", NULL },
		{ "a\\", NULL },
		{ "\"a\\", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO(arena) a = { 0 };
		AUTO(buf) shown = { 0 };
		const char *const *words = NULL;
		size_t count = 0;
		bool good = text_shell_split(rows[i].text, &a, &words, &count);

		assert_int_equal(good, rows[i].words != NULL);
		if (!good)
			continue;
		for (size_t k = 0; k < count; k++)
			buf_printf(&shown, "<%s>", words[k]);
		assert_string_equal(buf_text(&shown), rows[i].words);
		assert_null(words[count]);
	}
}
