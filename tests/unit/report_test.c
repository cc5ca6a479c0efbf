/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"
#include "wire/report.h"

#include "base/buf.h"
#include "json/value.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SPKI "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LEAF "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const struct report_identity agent = { SPKI, "certfleet 1.0", 1800000000 };
static const struct component_report full = {
	.name = "edge/e1",
	.seen.version = "1.22",
	.seen.installed = LEAF,
	.seen.chain = SPKI,
	.seen.damage = "key.pem does not match",
	.seen.attr_flaw = "key.pem has mode 0666, not 0600",
	.seen.staged = SPKI,
	.seen.unwritable = "read-only",
	.seen.doubt = "process 7 started after that was written",
	.seen.untrusted = "others can write it",
	.seen.executable = "/usr/sbin/nginx",
	.seen.error = "cannot look",
	.seen.served = LEAF,
	.seen.order_from = "l1",
	.seen.order_taken = 12,
	.activation = ACTIVATION_SWAP,
};

AUTO_TYPE(str, char *, free)

static bool read_back(const struct component_report *c, struct arena *a,
		      struct component_report *out)
{
	AUTO(json) json = report_one(&agent, c);
	AUTO(str) text = json_dumps(json, 0);
	struct report_identity who;
	struct err e = { 0 };

	assert_non_null(text);
	if (!report_read(text, strlen(text), a, &who, out, &e))
		return false;
	assert_string_equal(who.spki, SPKI);
	assert_string_equal(who.program, "certfleet 1.0");
	assert_int_equal(who.time, 1800000000);
	return true;
}

TEST(every_member_comes_back)
{
	AUTO(arena) a = { 0 };
	struct component_report r;

	assert_true(read_back(&full, &a, &r));
	assert_string_equal(r.name, full.name);
	assert_string_equal(r.seen.version, full.seen.version);
	assert_string_equal(r.seen.installed, full.seen.installed);
	assert_string_equal(r.seen.chain, full.seen.chain);
	assert_string_equal(r.seen.damage, full.seen.damage);
	assert_string_equal(r.seen.attr_flaw, full.seen.attr_flaw);
	assert_string_equal(r.seen.staged, full.seen.staged);
	assert_string_equal(r.seen.unwritable, full.seen.unwritable);
	assert_string_equal(r.seen.doubt, full.seen.doubt);
	assert_string_equal(r.seen.untrusted, full.seen.untrusted);
	assert_string_equal(r.seen.executable, full.seen.executable);
	assert_string_equal(r.seen.error, full.seen.error);
	assert_string_equal(r.seen.served, full.seen.served);
	assert_string_equal(r.seen.order_from, full.seen.order_from);
	assert_int_equal(r.seen.order_taken, 12);
	assert_int_equal(r.activation, ACTIVATION_SWAP);
}

TEST(the_word_of_an_older_agent_for_a_swap_is_read)
{
	AUTO(json) json = report_one(&agent, &full);
	AUTO(arena) a = { 0 };
	struct report_identity who;
	struct component_report r;
	struct err e = { 0 };
	json_t *activation = json_object_get(json_object_get(json, "component"), "activation");

	assert_string_equal(json_string_value(activation), "swap");
	json_string_set(activation, "hot");

	AUTO(str) text = json_dumps(json, 0);

	assert_true(report_read(text, strlen(text), &a, &who, &r, &e));
	assert_int_equal(r.activation, ACTIVATION_SWAP);
}

TEST(unknown_and_nothing_are_two_things)
{
	const struct component_report c = { .name = "web", .seen.installed = "" };
	AUTO(arena) a = { 0 };
	struct component_report r;

	assert_true(read_back(&c, &a, &r));
	assert_string_equal(r.seen.installed, "");
	assert_null(r.seen.served);
	assert_null(r.seen.version);
	assert_null(r.seen.order_from);
}

TEST(what_is_no_text_is_told_escaped)
{
	struct component_report c = full;
	AUTO(arena) a = { 0 };
	struct component_report r;

	c.seen.version = "v\xff\x01\n2";
	assert_true(read_back(&c, &a, &r));
	assert_string_equal(r.seen.version, "v\\xff\\x01\\x0a2");
}

TEST(a_name_is_told_as_it_is)
{
	struct component_report c = full;
	AUTO(arena) a = { 0 };
	struct component_report r;

	c.name = "g/\xc3\xa4\xe2\x80\xae";
	assert_true(read_back(&c, &a, &r));
	assert_string_equal(r.name, c.name);
}

TEST(all_components_are_one_document)
{
	const struct component_report list[] = { full, full, full };
	AUTO(json) json = report_all(&agent, list, 3);

	assert_int_equal(json_array_size(json_object_get(json, "components")), 3);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(json, "agent"), "spki")), SPKI);
}

/* The good document with a key of it set to something else. */
static void refused(const char *part, const char *key, json_t *value)
{
	AUTO(json) json = report_one(&agent, &full);
	AUTO(arena) a = { 0 };
	json_t *at = json_object_get(json, part);
	struct report_identity who;
	struct component_report r;
	struct err e = { 0 };
	char *text = NULL;

	if (value)
		json_object_set_new(at, key, value);
	else
		json_object_del(at, key);
	text = json_dumps(json, 0);
	if (report_read(text, strlen(text), &a, &who, &r, &e))
		fail_msg("'%s' is taken", key);
	free(text);
	assert_int_equal(e.code, ERR_REMOTE);
	assert_non_null(strstr(e.text, "is malformed"));
}

TEST(an_answer_that_makes_no_sense_is_refused)
{
	static const char *const fingerprints[] = { "installed", "chain", "staged", "served" };

	for (size_t i = 0; i < 4; i++) {
		refused("component", fingerprints[i], json_string("abc"));
		refused("component", fingerprints[i], json_integer(1));
		refused("component", fingerprints[i], NULL);
	}
	refused("component", "name", json_null());
	refused("component", "name", NULL);
	refused("component", "sequence", json_integer(-1));
	refused("component", "sequence", json_string("1"));
	refused("component", "activation", json_null());
	refused("component", "activation", json_string("gently"));
	refused("agent", "spki", json_string(""));
	refused("agent", "spki", json_string("x"));
	refused("agent", "program", NULL);
	refused("agent", "time", json_string("now"));
}

TEST(an_answer_that_is_none_is_refused)
{
	static const char *const texts[] = { "", "{", "[]", "{}", "{\"agent\":7}", "null" };
	AUTO(arena) a = { 0 };
	struct report_identity who;
	struct component_report r;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct err e = { 0 };

		assert_false(report_read(texts[i], strlen(texts[i]), &a, &who, &r, &e));
		assert_int_equal(e.code, ERR_REMOTE);
	}
}

TEST(s15_a_sequence_at_the_edge_is_refused)
{
	static const int64_t edges[] = { INT64_MAX, INT64_C(1) << 53 };
	AUTO(arena) a = { 0 };

	for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
		struct component_report c = full;
		AUTO(json) json = NULL;
		AUTO(str) text = NULL;
		struct report_identity who;
		struct component_report r;
		struct err e = { 0 };

		c.seen.order_taken = edges[i];
		json = report_one(&agent, &c);
		text = json_dumps(json, 0);
		assert_false(report_read(text, strlen(text), &a, &who, &r, &e));
		assert_int_equal(e.code, ERR_REMOTE);
		assert_non_null(strstr(e.text, "which is impossible"));
		assert_non_null(strstr(e.text, "'state' directory"));
	}
}
