/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>

#include "plan_fixture.h"
#include "test.h"

AUTO_TYPE(text, char *, free)
AUTO_TYPE(json, json_t *, json_decref)

/* A plan with every kind of choice, wave and precondition in it. */
static void make_rich_plan(struct world *w, struct plan *p)
{
	static const char *const targets[] = { "c00000", "c00001" };
	static const char *const acks[] = { "offline:c00001" };
	static const char *const reissue[] = { "web" };
	struct err e = { 0 };

	world_init(w, 3);
	w->roles[0].offline = OFFLINE_ACKNOWLEDGE;
	w->roles[0].restart.max_unavailable = 2;
	w->issuers[0].publish = "ca.pem";
	w->seen[1].now.online = false;
	w->seen[0].now.version = "1.\xff";
	w->seen[0].now.installed = NULL;
	w->seen[0].now.error = "\x1b[2J";
	w->choices = (struct choices){ .targets = targets,
				       .target_count = 2,
				       .acks = acks,
				       .ack_count = 1,
				       .reissue = reissue,
				       .reissue_count = 1 };
	assert_true(world_plan(w, p, &e));
}

static json_t *rich_json(void)
{
	AUTO(world) w = { 0 };
	AUTO(plan) p = { 0 };

	make_rich_plan(&w, &p);
	return plan_to_json(&p);
}

TEST(a_plan_survives_json_to_the_last_byte)
{
	AUTO(json) json = rich_json();
	AUTO(plan) read = { 0 };
	struct err e = { 0 };

	assert_true(plan_from_json(json, &read, &e));

	AUTO(json) again = plan_to_json(&read);
	AUTO(text) before = json_dumps(json, 0);
	AUTO(text) after = json_dumps(again, 0);

	assert_string_equal(before, after);
	assert_int_equal(read.choices.target_count, 2);
	assert_string_equal(read.choices.acks[0], "offline:c00001");
	assert_int_equal(read.at, WORLD_NOW);
}

TEST(a_plan_outlives_what_it_was_made_from)
{
	AUTO(plan) p = { 0 };
	AUTO(text) before = NULL;
	{
		AUTO(world) w = { 0 };

		make_rich_plan(&w, &p);
		before = world_json(&p);
	}
	AUTO(text) after = world_json(&p);

	assert_string_equal(before, after);
}

TEST(equal_arguments_give_equal_bytes)
{
	AUTO(json) one = rich_json();
	AUTO(json) two = rich_json();
	AUTO(text) a = json_dumps(one, 0);
	AUTO(text) b = json_dumps(two, 0);

	assert_string_equal(a, b);
}

TEST(invalid_utf8_is_escaped_in_json)
{
	AUTO(json) json = rich_json();
	json_t *seen = json_array_get(json_object_get(json, "observed"), 0);

	assert_string_equal(json_string_value(json_object_get(seen, "version")), "1.\\xff");
}

/* One change to the JSON of a good plan that must be noticed. */
struct tampering {
	const char *array; /* its first item is changed; NULL: the top */
	const char *key;
	const char *value; /* JSON; NULL: the key is removed */
};

static const struct tampering tamperings[] = {
	{ NULL, "format_version", "\"2.0\"" },
	{ NULL, "format_version", NULL },
	{ NULL, "fleet", "7" },
	{ NULL, "fleet", NULL },
	{ NULL, "at", "\"yesterday\"" },
	{ NULL, "at", "\"2026-11-23T09:00:00+01:00\"" },
	{ NULL, "generated_at", "\"2027-11-23T08:00:00Z\"" },
	{ NULL, "target", "\"c00000\"" },
	{ NULL, "choices", "{}" },
	{ NULL, "choices", "[]" },
	{ NULL, "spec_digest", "null" },
	{ NULL, "state", "{\"lineage\": \"\"}" },
	{ NULL, "state", "{\"lineage\": \"\", \"serial\": -1}" },
	{ NULL, "state", "{\"lineage\": \"\", \"serial\": 0, \"x\": 1}" },
	{ NULL, "observed", "{}" },
	{ NULL, "waves", "[]" },
	{ NULL, "waves", NULL },
	{ NULL, "steps", NULL },
	{ NULL, "summary", "{\"unchanged\": 0}" },
	{ NULL, "x-more", "1" },
	{ "observed", "component", "\"z\"" },
	{ "observed", "online", "1" },
	{ "observed", "installed", "\"abc\"" },
	{ "observed", "x-more", "1" },
	{ "preconditions", "severity", "\"fatal\"" },
	{ "preconditions", "component", "null" },
	{ "preconditions", "acknowledged", "\"yes\"" },
	{ "preconditions", "items", "null" },
	{ "preconditions", "items", "[null]" },
	{ "preconditions", "items", NULL },
	{ "waves", "wave", "7" },
	{ "waves", "limit", "-1" },
	{ "waves", "limit", "4294967296" },
	{ "waves", "processes", "[1]" },
	{ "waves", "canary", "null" },
	{ "steps", "id", "\"s2\"" },
	{ "steps", "kind", "\"explode\"" },
	{ "steps", "kind", "\"rollback\"" },
	{ "steps", "kind", "\"stage\"" },
	{ "steps", "certificate", "null" },
	{ "steps", "generation", "\"../../etc\"" },
	{ "steps", "activation", "\"kill\"" },
	{ "steps", "wave", "99" },
	{ "steps", "wave", "0" },
	{ "steps", "wave", "\"1\"" },
	{ "steps", "after", "[\"s1\"]" },
	{ "steps", "after", "[\"s99999999999999999999999\"]" },
	{ "steps", "after", "[\"1\"]" },
	{ "steps", "reason", "null" },
	{ "steps", "reason", "\"a\\u0000b\"" },
};

static void tamper(json_t *json, const struct tampering *t)
{
	json_t *place = json;

	if (t->array)
		place = json_array_get(json_object_get(json, t->array), 0);
	assert_non_null(place);
	if (!t->value) {
		json_object_del(place, t->key);
		return;
	}

	json_t *value = json_loads(t->value, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	assert_non_null(value);
	json_object_set_new(place, t->key, value);
}

TEST(a_plan_that_was_tampered_with_is_refused)
{
	for (size_t i = 0; i < sizeof(tamperings) / sizeof(*tamperings); i++) {
		AUTO(json) json = rich_json();
		AUTO(plan) p = { 0 };
		struct err e = { 0 };

		tamper(json, &tamperings[i]);
		if (plan_from_json(json, &p, &e))
			fail_msg("%s %s = %s was read",
				 tamperings[i].array ? tamperings[i].array : "", tamperings[i].key,
				 tamperings[i].value);
		assert_int_equal(e.code, ERR_INPUT);
		assert_null(p.fleet);
	}
}

TEST(json_that_is_no_object_is_refused)
{
	AUTO(json) json = json_array();
	AUTO(plan) p = { 0 };
	struct err e = { 0 };

	assert_false(plan_from_json(json, &p, &e));
	assert_false(plan_from_json(NULL, &p, &e));
	assert_int_equal(e.code, ERR_INPUT);
}

TEST(a_text_that_is_too_long_is_refused)
{
	AUTO(json) json = rich_json();
	AUTO(plan) p = { 0 };
	AUTO(text) longer = malloc(70000);
	struct err e = { 0 };

	memset(longer, 'x', 69999);
	longer[69999] = '\0';
	json_object_set_new(json, "fleet", json_string(longer));
	assert_false(plan_from_json(json, &p, &e));
	assert_int_equal(e.code, ERR_INPUT);
}

TEST(foreign_text_cannot_forge_a_line_of_the_plan)
{
	AUTO(json) json = rich_json();
	AUTO(plan) p = { 0 };
	AUTO(buf) out = { 0 };
	struct err e = { 0 };
	const struct tampering forged = { "steps", "reason", "\"\\u001b[2J\\nblock\"" };

	tamper(json, &forged);
	assert_true(plan_from_json(json, &p, &e));
	plan_render_text(&p, true, false, &out);
	assert_null(strchr(buf_text(&out), '\033'));
	assert_null(strstr(buf_text(&out), "\nblock"));
	assert_non_null(strstr(buf_text(&out), "\\x1b[2J\\x0ablock"));
}

TEST(color_is_only_used_when_asked_for)
{
	AUTO(json) json = rich_json();
	AUTO(plan) p = { 0 };
	AUTO(buf) plain = { 0 };
	AUTO(buf) colored = { 0 };
	struct err e = { 0 };

	assert_true(plan_from_json(json, &p, &e));
	plan_render_text(&p, false, false, &plain);
	plan_render_text(&p, false, true, &colored);
	assert_null(strchr(buf_text(&plain), '\033'));
	assert_non_null(strchr(buf_text(&colored), '\033'));
}

TEST(what_is_new_is_the_first_precondition_in_json)
{
	AUTO(json) json = rich_json();
	const json_t *list = json_object_get(json, "preconditions");
	const json_t *items = json_object_get(json_array_get(list, 0), "items");

	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "code")),
			    "first-contact");
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "code")),
			    "first-contact");
	assert_string_equal(json_string_value(json_array_get(items, 0)), "HUP to run/web.pid");
	/* of the others none has any */
	assert_int_equal(json_array_size(json_object_get(json_array_get(list, 2), "items")), 0);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 2), "code")),
			    "offline");
}

static size_t count_lines(const struct buf *text, const char *begin)
{
	size_t count = 0;

	for (const char *at = strstr(buf_text(text), begin); at; at = strstr(at + 1, begin))
		count++;
	return count;
}

TEST(a_long_list_is_cut_unless_verbose)
{
	AUTO(world) w = { 0 };
	AUTO(plan) p = { 0 };
	AUTO(buf) brief = { 0 };
	AUTO(buf) whole = { 0 };
	struct err e = { 0 };

	world_init(&w, 50);
	assert_true(world_plan(&w, &p, &e));
	plan_render_text(&p, false, false, &brief);
	plan_render_text(&p, true, false, &whole);
	assert_int_equal(count_lines(&brief, "\n                  tls/c"), 18);
	assert_non_null(strstr(buf_text(&brief), "writes 52 paths that no completed run had\n"));
	assert_non_null(
		strstr(buf_text(&brief), "                  and 32 more, --verbose lists them\n"));
	assert_int_equal(count_lines(&whole, "\n                  tls/c"), 50);
	assert_null(strstr(buf_text(&whole), "--verbose"));
}

TEST(w4_many_that_say_the_same_are_one_line)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
	struct precondition told[8];
	const struct plan p = {
		.fleet = "shop", .lineage = "", .preconditions = told, .precondition_count = 8
	};
	AUTO(buf) brief = { 0 };
	AUTO(buf) whole = { 0 };

	for (size_t i = 0; i < 8; i++)
		told[i] = (struct precondition){ .code = "offline",
						 .severity = SEVERITY_BLOCK,
						 .component = names[i],
						 .message = i < 7 ? "no route" : "refused",
						 .remedy = "bring it back" };
	plan_render_text(&p, false, false, &brief);
	plan_render_text(&p, true, false, &whole);
	assert_non_null(strstr(buf_text(&brief), "offline a, b, c, d, e and 2 more: no route\n"));
	assert_non_null(strstr(buf_text(&brief), "offline h: refused\n"));
	assert_int_equal(count_lines(&brief, "bring it back"), 1);
	assert_int_equal(count_lines(&whole, "no route"), 7);
}

TEST(w4_many_that_ask_the_same_are_one_line_with_one_answer)
{
	struct precondition told[] = {
		{ .code = "offline",
		  .severity = SEVERITY_ACKNOWLEDGE,
		  .component = "a",
		  .message = "no route",
		  .remedy = "wait; or accept it with --ack offline:a" },
		{ .code = "offline",
		  .severity = SEVERITY_ACKNOWLEDGE,
		  .component = "b",
		  .message = "no route",
		  .remedy = "wait; or accept it with --ack offline:b" },
		{ .code = "offline",
		  .severity = SEVERITY_ACKNOWLEDGE,
		  .component = "c",
		  .message = "no route",
		  .remedy = "wait; or accept it with --ack offline:c",
		  .acknowledged = true },
	};
	const struct plan p = {
		.fleet = "shop", .lineage = "", .preconditions = told, .precondition_count = 3
	};
	AUTO(buf) text = { 0 };

	plan_render_text(&p, false, false, &text);
	assert_non_null(strstr(buf_text(&text), "acknowledge   offline a, b: no route\n"));
	assert_non_null(strstr(buf_text(&text), "wait; or accept it with --ack offline\n"));
	assert_non_null(strstr(buf_text(&text), "acknowledged  offline c: no route\n"));
}

/* ---- what apply compares ---- */

/* The plan of rich_json() as it is saved. */
static void make_saved(struct plan *out)
{
	AUTO(world) w = { 0 };
	AUTO(plan) p = { 0 };
	AUTO(arena) a = { 0 };
	struct err e = { 0 };

	make_rich_plan(&w, &p);

	const struct plan saved = plan_saved_form(&p, &a);
	AUTO(json) json = plan_to_json(&saved);

	assert_true(plan_from_json(json, out, &e));
}

TEST(k3_what_is_saved_is_the_same_as_its_plan)
{
	AUTO(world) w = { 0 };
	AUTO(plan) fresh = { 0 };
	AUTO(plan) saved = { 0 };
	struct err e = { 0 };

	make_rich_plan(&w, &fresh);
	make_saved(&saved);
	assert_true(plan_is_same(&saved, &fresh, &e));
	/* c00001 is offline and has no step */
	assert_true(saved.observed_count < fresh.observed_count);
	for (size_t i = 0; i < saved.observed_count; i++)
		assert_string_not_equal(saved.observed[i].name, "c00001");
}

static json_t *another(const json_t *leaf)
{
	switch (json_typeof(leaf)) {
	case JSON_STRING:
		return json_sprintf("%sx", json_string_value(leaf));
	case JSON_INTEGER:
		return json_integer(json_integer_value(leaf) + 1);
	case JSON_TRUE:
		return json_false();
	case JSON_FALSE:
		return json_true();
	case JSON_NULL:
		return json_string("x");
	case JSON_REAL:
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	fail_msg("a plan has no other leaves");
	return NULL;
}

struct forging {
	json_t *document;
	const struct plan *fresh;
	size_t tried;
	size_t stale; /* of these, the rest was no plan any more */
};

/* The document with one forged leaf in it is no plan, or another one. */
static void check_forged(struct forging *f)
{
	AUTO(plan) p = { 0 };
	struct err e = { 0 };

	f->tried++;
	if (!plan_from_json(f->document, &p, &e)) {
		assert_int_equal(e.code, ERR_INPUT);
		return;
	}
	f->stale++;
	if (plan_is_same(&p, f->fresh, &e)) {
		AUTO(text) text = json_dumps(f->document, JSON_INDENT(1));

		fail_msg("this went through: %s", text);
	}
	assert_int_equal(e.code, ERR_STALE);
	assert_non_null(strstr(e.text, "make a new plan"));
}

static void forge_leaves(struct forging *f, json_t *node)
{
	const char *key = NULL;
	json_t *value = NULL;
	void *next = NULL;
	size_t i = 0;

	json_array_foreach(node, i, value)
	{
		json_t *kept = json_incref(value);

		if (json_is_object(value) || json_is_array(value)) {
			forge_leaves(f, value);
		} else {
			json_array_set_new(node, i, another(value));
			check_forged(f);
			json_array_set(node, i, kept);
		}
		json_decref(kept);
	}
	json_object_foreach_safe(node, next, key, value)
	{
		json_t *kept = json_incref(value);

		if (json_is_object(value) || json_is_array(value)) {
			forge_leaves(f, value);
		} else {
			json_object_set_new(node, key, another(value));
			check_forged(f);
			json_object_set(node, key, kept);
		}
		json_decref(kept);
	}
}

TEST(k3_every_leaf_of_a_plan_is_compared)
{
	AUTO(world) w = { 0 };
	AUTO(plan) fresh = { 0 };
	AUTO(plan) saved = { 0 };
	struct forging f = { 0 };

	make_rich_plan(&w, &fresh);
	make_saved(&saved);

	AUTO(json) document = plan_to_json(&saved);

	f = (struct forging){ .document = document, .fresh = &fresh };
	forge_leaves(&f, document);
	assert_true(f.tried > 150);
	assert_true(f.stale > 50);
}

TEST(k3_the_first_difference_is_named_with_both_values)
{
	AUTO(world) w = { 0 };
	AUTO(plan) fresh = { 0 };
	AUTO(plan) saved = { 0 };
	struct err e = { 0 };
	struct precondition forged = { 0 };

	make_rich_plan(&w, &fresh);
	make_saved(&saved);
	forged = saved.preconditions[0];
	forged.message = "all is well\n\x1b[2J";
	saved.preconditions = &forged;
	saved.precondition_count = 1;
	assert_false(plan_is_same(&saved, &fresh, &e));
	assert_non_null(strstr(e.text, "'preconditions[0].message' is \"all is well"));
	assert_null(strchr(e.text, '\033'));
	assert_null(strchr(e.text, '\n'));
	forged.message = fresh.preconditions[0].message;
	assert_false(plan_is_same(&saved, &fresh, &e));
	assert_non_null(strstr(e.text, "'preconditions[1]' is nothing there"));
}
