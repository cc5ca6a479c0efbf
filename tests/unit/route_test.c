/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"
#include "wire/route.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static void finds(const char *method, const char *path, enum route expected, const char *component)
{
	AUTO(arena) a = { 0 };
	enum route route = ROUTE_COUNT;
	const char *name = NULL;

	assert_int_equal(route_find(method, path, &a, &route, &name), ROUTE_FOUND);
	assert_int_equal(route, expected);
	assert_string_equal(name, component);
}

static void finds_nothing(const char *path)
{
	AUTO(arena) a = { 0 };
	enum route route = ROUTE_COUNT;
	const char *name = NULL;

	if (route_find("GET", path, &a, &route, &name) != ROUTE_UNKNOWN)
		fail_msg("'%s' is found", path);
}

TEST(both_ends_mean_the_same)
{
	static const char *const names[] = { "web", "edge/e1.example.com", "a b%2F?#",
					     "\xc3\xa4\x01" };
	AUTO(arena) a = { 0 };

	for (unsigned r = 0; r < ROUTE_COUNT; r++)
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
			bool has = r != ROUTE_HEALTH && r != ROUTE_COMPONENTS;

			finds(route_method(r), route_path(r, names[i], &a), r, has ? names[i] : "");
		}
}

TEST(a_path_is_what_it_is)
{
	AUTO(arena) a = { 0 };

	assert_string_equal(route_path(ROUTE_STAGE, "edge/e1", &a), "/v1/staged/edge%2Fe1");
	assert_string_equal(route_path(ROUTE_HEALTH, "", &a), "/healthz");
}

TEST(other_paths_are_unknown)
{
	finds_nothing("");
	finds_nothing("/");
	finds_nothing("*");
	finds_nothing("healthz");
	finds_nothing("/healthz/");
	finds_nothing("/v1/components/");
	finds_nothing("/v1/component");
	finds_nothing("/v1/component/");
	finds_nothing("/v1/component/a/b");
	finds_nothing("/v1//component/a");
	finds_nothing("/V1/component/a");
	finds_nothing("/v1/../v1/component/a");
	finds_nothing("//v1/component/a");
	finds_nothing("https://host/v1/component/a");
}

TEST(what_is_no_escape_is_refused)
{
	finds_nothing("/v1/component/%");
	finds_nothing("/v1/component/a%4");
	finds_nothing("/v1/component/%zz");
	finds_nothing("/v1/component/%00");
	finds_nothing("/v1/component/a%00b");
	finds("GET", "/v1/component/%2f%2F", ROUTE_COMPONENT, "//");
	finds("GET", "/v1/component/%25", ROUTE_COMPONENT, "%");
	finds("GET", "/v1/component/%2541", ROUTE_COMPONENT, "%41");
}

TEST(a_wrong_method_names_the_right_one)
{
	static const char *const methods[] = { "HEAD", "get", "DELETE", "OPTIONS", "CONNECT", "" };
	AUTO(arena) a = { 0 };
	enum route route = ROUTE_COUNT;
	const char *name = NULL;

	for (unsigned r = 0; r < ROUTE_COUNT; r++)
		for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
			assert_int_equal(
				route_find(methods[i], route_path(r, "a", &a), &a, &route, &name),
				ROUTE_WRONG_METHOD);
			assert_int_equal(route, r);
		}
}

TEST(an_action_and_its_route_belong_together)
{
	for (unsigned r = 0; r < ROUTE_COUNT; r++)
		assert_int_equal(route_has_order(r), r >= ROUTE_STAGE);
	assert_false(route_has_order(ROUTE_COUNT));
	for (unsigned i = 0; i < ORDER_ACTION_COUNT; i++) {
		assert_true(route_has_order(route_of(i)));
		assert_int_equal(route_action(route_of(i)), i);
	}
}
