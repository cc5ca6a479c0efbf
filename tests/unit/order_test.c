/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"
#include "wire/order.h"

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define AGENT "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NEW "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define OLD "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define PAIR "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

#define TEXT                                                                                       \
	"{\"action\":\"stage\",\"adopt\":false,\"agent\":\"" AGENT                                 \
	"\",\"component\":\"edge/e1\",\"expires\":1800000000,"                                     \
	"\"fingerprint\":\"" NEW "\",\"lineage\":\"l1\",\"pair\":\"" PAIR "\",\"replaces\":\"" OLD \
	"\",\"rollback\":false,\"self\":false,"                                                    \
	"\"sequence\":7,\"v\":1}"

static const struct order good = {
	.action = ORDER_STAGE,
	.agent = AGENT,
	.component = "edge/e1",
	.lineage = "l1",
	.sequence = 7,
	.fingerprint = NEW,
	.pair = PAIR,
	.replaces = OLD,
	.expires = 1800000000,
};

TEST(an_order_has_one_text)
{
	AUTO(arena) a = { 0 };

	assert_string_equal(order_text(&good, &a), TEXT);
}

TEST(every_member_comes_back)
{
	AUTO(arena) a = { 0 };
	struct order o;
	struct err e = { 0 };

	assert_true(order_read(TEXT, strlen(TEXT), &a, &o, &e));
	assert_int_equal(o.action, ORDER_STAGE);
	assert_string_equal(o.agent, AGENT);
	assert_string_equal(o.component, "edge/e1");
	assert_string_equal(o.lineage, "l1");
	assert_int_equal(o.sequence, 7);
	assert_string_equal(o.fingerprint, NEW);
	assert_string_equal(o.pair, PAIR);
	assert_string_equal(o.replaces, OLD);
	assert_false(o.rollback);
	assert_false(o.adopt);
	assert_false(o.self);
	assert_int_equal(o.expires, 1800000000);
}

TEST(e3_an_accepted_executable_goes_with_an_activation_only)
{
	struct order o = good;
	AUTO(arena) a = { 0 };
	const char *text = NULL;
	struct order back;
	struct err e = { 0 };

	o.action = ORDER_ACTIVATE;
	o.pair = NULL;
	o.executable = "/usr/sbin/nginx";
	text = order_text(&o, &a);
	assert_true(order_read(text, strlen(text), &a, &back, &e));
	assert_string_equal(back.executable, "/usr/sbin/nginx");
	o.executable = "nginx";
	text = order_text(&o, &a);
	assert_false(order_read(text, strlen(text), &a, &back, &e));
	o.executable = "/usr/sbin/nginx";
	o.action = ORDER_COMMIT;
	text = order_text(&o, &a);
	assert_false(order_read(text, strlen(text), &a, &back, &e));
}

/* Whether what is written is read as the same order. */
static bool survives(const struct order *o)
{
	AUTO(arena) a = { 0 };
	const char *text = order_text(o, &a);
	struct order back;
	struct err e = { 0 };

	return order_read(text, strlen(text), &a, &back, &e) &&
	       !strcmp(order_text(&back, &a), text);
}

TEST(every_action_has_its_order)
{
	for (unsigned i = 0; i < ORDER_ACTION_COUNT; i++) {
		struct order o = good;

		o.action = i;
		o.pair = i == ORDER_STAGE ? PAIR : NULL;
		assert_true(survives(&o));
		o.replaces = NULL;
		assert_true(survives(&o));
		o.replaces = "";
		o.rollback = true;
		o.adopt = true;
		o.self = true;
		assert_true(survives(&o));
	}
}

TEST(nothing_is_taken_back_to_by_a_revert_only)
{
	for (unsigned i = 0; i < ORDER_ACTION_COUNT; i++) {
		struct order o = good;

		o.action = i;
		o.pair = i == ORDER_STAGE ? PAIR : NULL;
		o.fingerprint = "";
		assert_int_equal(survives(&o), i == ORDER_REVERT);
	}
}

TEST(to_stage_names_the_pair_and_nothing_else_does)
{
	struct order o = good;

	o.pair = NULL;
	assert_false(survives(&o));
	o.pair = PAIR;
	o.action = ORDER_COMMIT;
	assert_false(survives(&o));
}

static void refused(const char *text, size_t len, const char *why)
{
	AUTO(arena) a = { 0 };
	struct order o = good;
	struct err e = { 0 };

	if (order_read(text, len, &a, &o, &e))
		fail_msg("taken as an order: %.*s", (int)len, text);
	assert_int_equal(e.code, ERR_INPUT);
	if (!strstr(e.text, why))
		fail_msg("'%s' is not '%s'", e.text, why);
	assert_ptr_equal(o.agent, good.agent);
}

/* It is refused, or it is the one text of another order. */
static void never_taken_for_it(const char *text, size_t len, size_t *refusals)
{
	AUTO(arena) a = { 0 };
	struct order o;
	struct err e = { 0 };

	if (!order_read(text, len, &a, &o, &e)) {
		++*refusals;
		return;
	}
	assert_int_equal(strlen(order_text(&o, &a)), len);
	assert_memory_equal(order_text(&o, &a), text, len);
	assert_string_not_equal(order_text(&o, &a), TEXT);
}

TEST(another_byte_anywhere_is_another_order_or_none)
{
	static const char others[] = " \n0z\"\\{}[],:.\x80";
	char text[1024];
	size_t len = strlen(TEXT);
	size_t refusals = 0;
	size_t tries = 0;

	for (size_t at = 0; at < len; at++) {
		memcpy(text, TEXT, at);
		memcpy(text + at, TEXT + at + 1, len - at - 1);
		never_taken_for_it(text, len - 1, &refusals);
		tries++;
		for (const char *c = others; *c; c++) {
			memcpy(text, TEXT, len);
			text[at] = *c;
			if (*c != TEXT[at]) {
				never_taken_for_it(text, len, &refusals);
				tries++;
			}
			memcpy(text + at + 1, TEXT + at, len - at);
			never_taken_for_it(text, len + 1, &refusals);
			tries++;
		}
	}
	/* only names and numbers have other bytes to be */
	assert_true(refusals > tries * 9 / 10);
}

TEST(only_the_canonical_form_is_an_order)
{
	static const char *const others[] = {
		"{\"adopt\":false,\"action\":\"stage\",",  /* another order */
		"{ \"action\":\"stage\",\"adopt\":false,", /* a blank */
		"{\"action\":\"st\\u0061ge\",\"adopt\":false,",
	};
	const char *rest = strstr(TEXT, "\"agent\"");
	char text[1024];

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		snprintf(text, sizeof(text), "%s%s", others[i], rest);
		refused(text, strlen(text), "canonical");
	}
	snprintf(text, sizeof(text), "%.*s07,\"v\":1}", (int)(strstr(TEXT, "7,\"v\"") - TEXT),
		 TEXT);
	refused(text, strlen(text), "not well-formed");
}

/* The text with one piece of it replaced. */
static void refused_with(const char *piece, const char *by, const char *why)
{
	const char *at = strstr(TEXT, piece);
	AUTO(buf) text = { 0 };

	assert_non_null(at);
	buf_printf(&text, "%.*s%s%s", (int)(at - TEXT), TEXT, by, at + strlen(piece));
	refused(text.data, text.len, why);
}

TEST(what_no_order_says_is_refused)
{
	refused_with("\"v\":1", "\"v\":2", "well-formed");
	refused_with("\"v\":1", "\"v\":1,\"x\":1", "well-formed");
	refused_with(",\"v\":1", "", "well-formed");
	refused_with("\"stage\"", "\"restart\"", "well-formed");
	refused_with("\"sequence\":7", "\"sequence\":0", "well-formed");
	/* S15: no number could follow it */
	refused_with("\"sequence\":7", "\"sequence\":9223372036854775807", "well-formed");
	refused_with("\"sequence\":7", "\"sequence\":9007199254740992", "well-formed");
	refused_with("\"sequence\":7", "\"sequence\":-7", "well-formed");
	refused_with("\"sequence\":7", "\"sequence\":7.0", "well-formed");
	refused_with("\"sequence\":7", "\"sequence\":\"7\"", "well-formed");
	refused_with(AGENT, "", "well-formed");
	refused_with(AGENT, AGENT "a", "well-formed");
	refused_with(NEW, "B", "well-formed");
	refused_with("edge/e1", "", "well-formed");
	refused_with("edge/e1", "edge/e1\\u0000", "well-formed");
	refused_with("edge/e1", "edge/\xff", "well-formed");
	refused_with("\"l1\"", "\"\"", "well-formed");
	refused_with("\"" OLD "\"", "7", "well-formed");
	refused_with("\"" OLD "\"", "\"old\"", "well-formed");
	refused_with("1800000000", "0", "well-formed");
	refused_with("1800000000", "-9223372036854775808", "well-formed");
	refused_with("1800000000", "18446744073709551616", "well-formed");
	refused_with("\"adopt\":false", "\"adopt\":0", "well-formed");
	refused_with("\"adopt\":false", "\"adopt\":false,\"adopt\":true", "well-formed");
	refused("", 0, "well-formed");
	refused("[]", 2, "well-formed");
	refused("null", 4, "well-formed");
}

TEST(an_order_has_a_limit)
{
	char text[ORDER_LIMIT + 2];

	memset(text, ' ', sizeof(text));
	refused(text, ORDER_LIMIT + 1, "over 4096 bytes");
	refused(text, ORDER_LIMIT, "well-formed");
}
