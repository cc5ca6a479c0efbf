/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/json_pointer.h"
#include "test.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* RFC 6901 section 5. */
static const char example[] =
	"{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}";

static void assert_at(const json_t *document, const char *pointer, const char *expected)
{
	const json_t *found = json_at(document, pointer);
	char *text = NULL;

	if (!expected) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	text = json_dumps(found, JSON_COMPACT | JSON_ENCODE_ANY);
	assert_string_equal(text, expected);
	free(text);
}

TEST(the_examples_of_the_rfc_are_found)
{
	static const struct {
		const char *pointer;
		const char *expected;
	} rows[] = {
		{ "/foo", "[\"bar\",\"baz\"]" },
		{ "/foo/0", "\"bar\"" },
		{ "/", "0" },
		{ "/a~1b", "1" },
		{ "/c%d", "2" },
		{ "/e^f", "3" },
		{ "/g|h", "4" },
		{ "/i\\j", "5" },
		{ "/k\"l", "6" },
		{ "/ ", "7" },
		{ "/m~0n", "8" },
	};
	json_t *document = json_loads(example, 0, NULL);

	assert_ptr_equal(json_at(document, ""), document);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_at(document, rows[i].pointer, rows[i].expected);
	json_decref(document);
}

TEST(what_is_not_there_is_not_found)
{
	static const char *const nowhere[] = {
		"/foo/2",
		"/foo/-",
		"/foo/01",
		"/foo/",
		"/foo/0/x",
		"/foo/1e",
		"/foo/-1",
		"/bar",
		"/m~1n",
		"/a/b",
		"/foo/99999999999999999999",
	};
	json_t *document = json_loads(example, 0, NULL);

	for (size_t i = 0; i < sizeof(nowhere) / sizeof(*nowhere); i++)
		assert_at(document, nowhere[i], NULL);
	json_decref(document);
}
