/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_fixture.h"
#include "test.h"

#include "agent/order_log.h"

static const struct order_record some = {
	.lineage = LINEAGE,
	.sequence = 7,
	.fingerprint = "",
	.end = ORDER_END_OPEN,
	.expires = 1800000000,
};

static struct order_record must_read(const char *name)
{
	struct order_record r;
	struct err e = { 0 };

	must(order_log_read(&config, name, &test_arena, &r, &e), &e);
	return r;
}

static void must_write(const char *name, const struct order_record *r)
{
	struct err e = { 0 };

	must(order_log_write(&config, name, r, &e), &e);
}

TEST(at_first_nobody_told_it_anything)
{
	assert_null(must_read("edge/e1").lineage);
}

TEST(what_is_written_is_read)
{
	for (unsigned end = 0; end < ORDER_END_COUNT; end++) {
		struct order_record r = some;

		r.end = end;
		r.fingerprint = new_pair.facts.fingerprint;
		must_write("edge/e1", &r);
		r = must_read("edge/e1");
		assert_string_equal(r.lineage, LINEAGE);
		assert_int_equal(r.sequence, 7);
		assert_string_equal(r.fingerprint, new_pair.facts.fingerprint);
		assert_int_equal(r.end, end);
		assert_int_equal(r.expires, 1800000000);
	}
	assert_null(must_read("edge/e2").lineage);
	assert_null(must_read("edge%2Fe1").lineage);
}

TEST(it_is_for_us_alone)
{
	must_write("web", &some);
	assert_int_equal(mode_of(arena_printf(&test_arena, "%s/web.json", config.state)), 0600);
}

/* A group and an item of the longest kind, all of it encoded. */
TEST(the_longest_name_has_its_record)
{
	char name[200];
	char other[200];
	struct order_record r = some;

	memset(name, 0xc3, sizeof(name) - 1);
	for (size_t i = 1; i < sizeof(name) - 1; i += 2)
		name[i] = (char)0xa4;
	name[sizeof(name) - 1] = '\0';
	strcpy(other, name);
	other[0] = 'x';
	must_write(name, &some);
	r.sequence = 9;
	must_write(other, &r);
	assert_int_equal(must_read(name).sequence, 7);
	assert_int_equal(must_read(other).sequence, 9);
}

TEST(what_is_damaged_is_not_taken_for_nothing)
{
	static const char *const texts[] = {
		"",
		"{",
		"{}",
		"{\"lineage\":\"l\",\"sequence\":0,\"fingerprint\":\"\",\"end\":\"open\",\"expires\":1}",
		"{\"lineage\":\"\",\"sequence\":1,\"fingerprint\":\"\",\"end\":\"open\",\"expires\":1}",
		/* S15: nothing could follow it */
		"{\"lineage\":\"l\",\"sequence\":9223372036854775807,\"fingerprint\":\"\",\"end\":\"open\",\"expires\":1}",
		"{\"lineage\":\"l\",\"sequence\":1,\"fingerprint\":\"x\",\"end\":\"open\",\"expires\":1}",
		"{\"lineage\":\"l\",\"sequence\":1,\"fingerprint\":\"\",\"end\":\"x\",\"expires\":1}",
		"{\"lineage\":\"l\",\"sequence\":1,\"fingerprint\":\"\",\"end\":\"open\"}",
		"{\"lineage\":\"l\",\"sequence\":1,\"fingerprint\":\"\",\"end\":\"open\",\"expires\":1,\"x\":1}",
	};
	const char *path = arena_printf(&test_arena, "%s/web.json", config.state);

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct order_record r;
		struct err e = { 0 };

		write_text(path, texts[i]);
		assert_false(order_log_read(&config, "web", &test_arena, &r, &e));
		assert_int_equal(e.code, ERR_IO);
		assert_non_null(strstr(e.text, "is damaged"));
	}
}

TEST_EACH(open_agent, close_agent)
TEST_GROUP(make_signatories, drop_signatories)
