/* SPDX-License-Identifier: Apache-2.0 */
/* Structs through JSON and back, by tables. */
#include "test.h"
#include "json/record.h"

#include "base/alloc.h"

#include <limits.h>
#include <string.h>

enum color {
	RED,
	GREEN
};
static const char *const color_names[] = { "red", "green", NULL };

struct leaf {
	const char *name;
	int64_t at;
};

struct tree {
	const char *text;
	const char *maybe;
	const char *left_out;
	const char *later;
	const char *shown;
	const char *hash;
	bool flag;
	unsigned count;
	int balance;
	uint16_t port;
	int64_t long_count;
	int64_t time;
	enum color color;
	const unsigned char *bytes;
	size_t byte_count;
	struct secret secret;
	struct leaf nested;
	const struct leaf *elsewhere;
	const struct leaf *leaves;
	size_t leaf_count;
	const char *const *texts;
	size_t text_count;
	const char *const *words;
};

static void tree_release(struct tree *t)
{
	secret_release(&t->secret);
}
AUTO_STRUCT(tree, struct tree, tree_release)

static const struct member leaf_members[] = {
	TEXT_MEMBER("name", struct leaf, name),
	TIME_MEMBER("at", struct leaf, at, .absent = ABSENT_NULL),
	{ 0 },
};

static json_t *write_double(const void *slot, size_t index)
{
	(void)index;
	return json_integer(2 * (json_int_t) * (const unsigned *)slot);
}

static const struct member tree_members[] = {
	CONSTANT_MEMBER("format", "1.0"),
	TEXT_MEMBER("text", struct tree, text),
	TEXT_MEMBER("maybe", struct tree, maybe, .absent = ABSENT_NULL),
	TEXT_MEMBER("left_out", struct tree, left_out, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("later", struct tree, later, .absent = ABSENT_LATER),
	SHOWN_MEMBER("shown", struct tree, shown, .absent = ABSENT_OMITTED),
	FINGERPRINT_MEMBER("hash", struct tree, hash),
	FLAG_MEMBER("flag", struct tree, flag),
	NUMBER_MEMBER("count", struct tree, count, 0, UINT_MAX),
	NUMBER_MEMBER("balance", struct tree, balance, INT_MIN, INT_MAX),
	NUMBER_MEMBER("port", struct tree, port, 0, UINT16_MAX),
	NUMBER_MEMBER("long", struct tree, long_count, INT64_MIN, INT64_MAX,
		      .absent = ABSENT_OMITTED),
	CUSTOM_MEMBER("double", struct tree, count, write_double, NULL, .derived = true),
	TIME_MEMBER("time", struct tree, time),
	CHOICE_MEMBER("color", struct tree, color, color_names),
	BYTES_MEMBER("bytes", struct tree, bytes, byte_count, .absent = ABSENT_NULL, .least = 2,
		     .most = 4),
	SECRET_MEMBER("secret", struct tree, secret, .absent = ABSENT_OMITTED),
	OBJECT_MEMBER("nested", struct tree, nested, leaf_members, .absent = ABSENT_OMITTED),
	POINTER_MEMBER("elsewhere", struct tree, elsewhere, leaf_members, .absent = ABSENT_OMITTED),
	LIST_MEMBER("leaves", struct tree, leaves, leaf_count, leaf_members, .most = 3),
	TEXTS_MEMBER("texts", struct tree, texts, text_count),
	WORDS_MEMBER("words", struct tree, words, .absent = ABSENT_OMITTED),
	{ 0 },
};

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LEAST                                                                                           \
	"{\"format\":\"1.0\",\"text\":\"\",\"maybe\":null,\"later\":null,\"hash\":\"\",\"flag\":false," \
	"\"count\":0,\"balance\":0,\"port\":0,\"double\":0,\"time\":\"1970-01-01T00:00:00Z\","          \
	"\"color\":\"red\",\"bytes\":null,\"leaves\":[],\"texts\":[]}"

static const struct leaf leaves[] = { { "a", 0 }, { "b", 1700000000 } };
static const char *const some_words[] = { "x", "y", NULL };

static const char *text_of(const struct tree *t, struct arena *a)
{
	AUTO(json) json = json_encode(tree_members, t);

	return json_to_text(json, a);
}

static bool read_tree(const char *text, struct arena *a, struct tree *out, bool strictly)
{
	AUTO(json) json = json_parse(text, strlen(text));
	struct err e = { 0 };
	bool read = strictly ? json_decode_strictly(tree_members, json, a, out, &e)
			     : json_decode(tree_members, json, a, out, &e);

	assert_int_equal(e.code, read ? ERR_NONE : ERR_INPUT);
	return read;
}

TEST(an_empty_struct_has_what_never_is_absent)
{
	AUTO(arena) a = { 0 };
	const struct tree t = { 0 };

	assert_string_equal(text_of(&t, &a), LEAST);
}

TEST(a_full_struct_comes_back_to_the_last_byte)
{
	AUTO(arena) a = { 0 };
	AUTO(tree) back = { 0 };
	AUTO(tree) t = {
		.text = "t\xc3\xa4",
		.maybe = "m",
		.left_out = "o",
		.later = "l",
		.shown = "s",
		.hash = HASH,
		.flag = true,
		.count = UINT_MAX,
		.balance = INT_MIN,
		.port = 65535,
		.long_count = INT64_MIN,
		.time = 1700000000,
		.color = GREEN,
		.bytes = (const unsigned char *)"\0\xff\x01",
		.byte_count = 3,
		.nested = leaves[0],
		.elsewhere = &leaves[1],
		.leaves = leaves,
		.leaf_count = 2,
		.texts = some_words,
		.text_count = 1,
		.words = some_words,
	};

	secret_copy(&t.secret, "key", 3);

	const char *text = text_of(&t, &a);

	assert_true(read_tree(text, &a, &back, true));
	assert_string_equal(text_of(&back, &a), text);
	assert_int_equal(back.count, UINT_MAX);
	assert_int_equal(back.balance, INT_MIN);
	assert_memory_equal(back.bytes, "\0\xff\x01", 3);
	assert_memory_equal(back.secret.bytes, "key", 3);
	assert_string_equal(back.leaves[1].name, "b");
	assert_string_equal(back.words[1], "y");
	assert_null(back.words[2]);
}

/* What is put in the place of a value, or of a key with its value. */
struct change {
	const char *piece;
	const char *by;
	bool tolerated; /* by json_decode() */
};

static const struct change changes[] = {
	{ "\"format\":\"1.0\"", "\"format\":\"1.1\"", false },
	{ "\"format\":\"1.0\",", "", false },
	{ "\"text\":\"\",", "", false },
	{ "\"text\":\"\"", "\"text\":null", false },
	{ "\"text\":\"\"", "\"text\":7", false },
	{ "\"maybe\":null,", "", false },
	{ "\"maybe\":null", "\"maybe\":[]", false },
	{ "\"later\":null,", "", true },
	{ "\"hash\":\"\"", "\"hash\":\"abc\"", false },
	{ "\"flag\":false", "\"flag\":0", false },
	{ "\"count\":0", "\"count\":-1", false },
	{ "\"count\":0", "\"count\":4294967296", false },
	{ "\"count\":0", "\"count\":0.0", false },
	{ "\"port\":0", "\"port\":65536", false },
	{ "\"double\":0", "\"double\":1", false },
	{ "1970-01-01T00:00:00Z", "1970-01-01T01:00:00+01:00", false },
	{ "1970-01-01T00:00:00Z", "1970-01-01", false },
	{ "\"red\"", "\"blue\"", false },
	{ "\"bytes\":null", "\"bytes\":\"!\"", false },
	{ "\"bytes\":null", "\"bytes\":\"AA==\"", false },
	{ "\"leaves\":[]", "\"leaves\":{}", false },
	{ "\"leaves\":[]", "\"leaves\":[7]", false },
	{ "\"leaves\":[]", "\"leaves\":[{\"name\":\"a\"}]", false },
	{ "\"texts\":[]", "\"texts\":[null]", false },
	{ "\"texts\":[]", "\"texts\":[],\"secret\":\"\"", false },
	{ "\"texts\":[]", "\"texts\":[],\"nested\":[]", false },
	{ "\"texts\":[]", "\"texts\":[],\"left_out\":null", false },
	{ "\"texts\":[]", "\"texts\":[],\"unknown\":1", true },
	{ "\"leaves\":[]", "\"leaves\":[{\"name\":\"a\",\"at\":null,\"unknown\":1}]", true },
};

TEST(what_is_not_as_it_is_written_is_refused)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		const char *at = strstr(LEAST, changes[i].piece);
		AUTO(arena) a = { 0 };
		AUTO(tree) loosely = { 0 };
		AUTO(tree) strictly = { 0 };

		assert_non_null(at);

		const char *text = arena_printf(&a, "%.*s%s%s", (int)(at - LEAST), LEAST,
						changes[i].by, at + strlen(changes[i].piece));

		if (read_tree(text, &a, &loosely, false) != changes[i].tolerated)
			fail_msg("%s", text);
		/* a key that an older certfleet did not know is not unknown */
		if (read_tree(text, &a, &strictly, true) !=
		    !strncmp(changes[i].piece, "\"later\"", 7))
			fail_msg("strictly: %s", text);
	}
}

TEST(a_refusal_names_the_place)
{
	static const char text[] = "{\"leaves\":[{\"name\":\"a\",\"at\":null},{\"name\":1}]}";
	static const struct member list[] = {
		LIST_MEMBER("leaves", struct tree, leaves, leaf_count, leaf_members),
		{ 0 },
	};
	AUTO(arena) a = { 0 };
	AUTO(tree) t = { 0 };
	AUTO(json) json = json_parse(text, strlen(text));
	struct err e = { 0 };

	assert_false(json_decode(list, json, &a, &t, &e));
	assert_string_equal(e.text, "leaves[1]: 'name' is missing or is not text");
	assert_null(t.leaves);
}

TEST(lists_and_texts_have_limits)
{
	AUTO(arena) a = { 0 };
	AUTO(tree) t = { .leaves = (const struct leaf[4]){ { 0 } }, .leaf_count = 4 };
	AUTO(tree) back = { 0 };
	char *text = arena_alloc(&a, MEMBER_TEXT_LIMIT + 2);

	assert_false(read_tree(text_of(&t, &a), &a, &back, false));
	memset(text, 'x', MEMBER_TEXT_LIMIT + 1);
	t.leaf_count = 0;
	t.text = text;
	assert_true(read_tree(text_of(&t, &a), &a, &back, false));
	assert_false(read_tree(text_of(&t, &a), &a, &back, true));
}

TEST(text_that_is_no_utf8_is_escaped_and_found)
{
	AUTO(arena) a = { 0 };
	AUTO(tree) t = { 0 };
	static const char *const odd[] = { "good", "\xff", NULL };

	assert_null(json_find_escaped(tree_members, &t));
	t.texts = odd;
	t.text_count = 2;
	assert_string_equal(json_find_escaped(tree_members, &t), "texts");
	assert_non_null(strstr(text_of(&t, &a), "\\\\xff"));
}

TEST(members_are_written_through_pointers)
{
	static const struct member through[] = {
		TEXT_MEMBER("name", struct leaf, name, .absent = ABSENT_NULL,
			    .via = { MEMBER_VIA(struct tree, elsewhere) }),
		TEXT_MEMBER("always", struct leaf, name,
			    .via = { MEMBER_VIA(struct tree, elsewhere) }),
		{ 0 },
	};
	AUTO(arena) a = { 0 };
	AUTO(tree) t = { 0 };
	AUTO(json) without = json_encode(through, &t);

	t.elsewhere = &leaves[1];

	AUTO(json) with = json_encode(through, &t);

	assert_string_equal(json_to_text(without, &a), "{\"name\":null,\"always\":\"\"}");
	assert_string_equal(json_to_text(with, &a), "{\"name\":\"b\",\"always\":\"b\"}");
}
