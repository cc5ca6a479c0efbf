/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"
#include "wire/problem.h"

#include "base/alloc.h"
#include "json/value.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool reads(const char *text, struct arena *a, struct problem *out)
{
	return problem_from_json(text, strlen(text), a, out);
}

TEST(every_problem_comes_back)
{
	for (unsigned i = 0; i < PROBLEM_COUNT; i++) {
		const struct problem p = { i, "what happened" };
		AUTO(json) json = problem_to_json(&p);
		AUTO(arena) a = { 0 };
		char *text = json_dumps(json, 0);
		struct problem back;

		assert_true(reads(text, &a, &back));
		free(text);
		assert_int_equal(back.kind, i);
		assert_string_equal(back.detail, "what happened");
		assert_int_equal(json_integer_value(json_object_get(json, "status")),
				 problem_status(i));
		assert_true(problem_status(i) >= 400);
	}
}

TEST(a_detail_keeps_its_lines)
{
	const struct problem p = { PROBLEM_FAILED, "ended with status 1:\none\ntwo\033" };
	AUTO(arena) a = { 0 };
	AUTO(json) json = problem_to_json(&p);
	AUTO(str) text = json_dumps(json, 0);
	struct problem back = { 0 };

	assert_true(problem_from_json(text, strlen(text), &a, &back));
	assert_string_equal(back.detail, "ended with status 1:\none\ntwo\\x1b");
}

TEST(without_a_detail_its_title_is_shown)
{
	const struct problem p = { PROBLEM_MOVED, NULL };
	AUTO(json) json = problem_to_json(&p);
	AUTO(arena) a = { 0 };
	char *text = json_dumps(json, 0);
	struct problem back;

	assert_true(reads(text, &a, &back));
	free(text);
	assert_string_equal(back.detail, "what was to be replaced is not there");
}

TEST(any_bytes_can_be_a_detail)
{
	const struct problem p = { PROBLEM_UNKNOWN_COMPONENT, "\xff\x1b[2J" };
	AUTO(json) json = problem_to_json(&p);

	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "detail")), "\\xff\\x1b[2J");
}

TEST(what_an_agent_says_is_escaped)
{
	AUTO(arena) a = { 0 };
	struct problem p;

	assert_true(reads("{\"type\":\"urn:certfleet:problem:failed\",\"detail\":\"a\\u001b[2Jb\"}",
			  &a, &p));
	assert_string_equal(p.detail, "a\\x1b[2Jb");
}

TEST(other_documents_are_none)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"type\":7}",
		"{\"type\":\"about:blank\"}",
		"{\"type\":\"urn:certfleet:problem:\"}",
		"{\"type\":\"urn:certfleet:problem:unheard-of\"}",
	};
	AUTO(arena) a = { 0 };
	struct problem p = { 0 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_false(reads(texts[i], &a, &p));
}

TEST(an_error_of_ours_has_its_problem)
{
	assert_int_equal(problem_of(ERR_INPUT), PROBLEM_BAD_PAIR);
	assert_int_equal(problem_of(ERR_CRYPTO), PROBLEM_BAD_PAIR);
	assert_int_equal(problem_of(ERR_STALE), PROBLEM_MOVED);
	assert_int_equal(problem_of(ERR_REMOTE), PROBLEM_FAILED);
	assert_int_equal(problem_of(ERR_BUSY), PROBLEM_BUSY);
	assert_int_equal(problem_of(ERR_STOPPED), PROBLEM_BUSY);
	assert_int_equal(problem_of(ERR_IO), PROBLEM_CANNOT);
	assert_int_equal(problem_of(ERR_MISSING), PROBLEM_CANNOT);
}
