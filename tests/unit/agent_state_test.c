/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "agent/agent_state.h"
#include "base/arena.h"
#include "base/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena a;
static char host[64];

static int open_host(void **state)
{
	(void)state;
	umask(077);
	strcpy(host, "/tmp/certfleet-agents-XXXXXX");
	return mkdtemp(host) ? 0 : -1;
}

static int close_host(void **state)
{
	(void)state;
	folder_remove(host);
	arena_release(&a);
	return 0;
}

static void put(const char *name)
{
	struct err e = { 0 };

	must(fs_replace(arena_printf(&a, "%s/%s", host, name), "x\n", 2, FS_PRIVATE, &e), &e);
}

static bool is_there(const char *name)
{
	return !access(arena_printf(&a, "%s/%s", host, name), F_OK);
}

static bool claim(const char *path, bool is_default, const char **state, struct err *e)
{
	struct agent_config c = { .path = path, .state = host, .shares_state = is_default };
	bool good = agent_state_claim(&c, e);

	*state = good ? arena_strdup(&a, c.state) : NULL;
	arena_release(&c.arena);
	return good;
}

static const char *must_claim(const char *path, bool is_default)
{
	const char *taken = NULL;
	struct err e = { 0 };

	must(claim(path, is_default, &taken, &e), &e);
	return taken;
}

TEST(e6_two_agents_have_a_folder_each)
{
	const char *one = must_claim("/etc/one/agent.yaml", true);
	const char *other = must_claim("/etc/other/agent.yaml", true);

	assert_string_equal(one, arena_printf(&a, "%s/etc%%2Fone%%2Fagent.yaml", host));
	assert_string_not_equal(one, other);
	assert_string_equal(must_claim("/etc/one/agent.yaml", true), one);
	assert_string_equal(must_claim("/etc/other/agent.yaml", true), other);
}

TEST(e6_a_folder_of_an_earlier_version_is_taken_over_once)
{
	put("web.json");
	assert_string_equal(must_claim("/etc/one/agent.yaml", true), host);
	assert_string_not_equal(must_claim("/etc/other/agent.yaml", true), host);
	assert_string_equal(must_claim("/etc/one/agent.yaml", true), host);
}

TEST(e6_the_folder_of_another_agent_is_refused)
{
	const char *taken = NULL;
	struct err e = { 0 };

	assert_string_equal(must_claim("/etc/one/agent.yaml", false), host);
	assert_string_equal(must_claim("/etc/one/agent.yaml", false), host);
	assert_false(claim("/etc/other/agent.yaml", false, &taken, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.text, "'/etc/one/agent.yaml'; say another 'state:'"));
}

TEST(e6_a_path_that_is_long_has_a_folder_too)
{
	char path[600] = "/";

	memset(path + 1, 'x', sizeof(path) - 2);
	assert_non_null(strstr(must_claim(path, true), "/long-"));
}

TEST(r5_what_killed_writers_left_beside_its_files_is_removed)
{
	const struct agent_config c = { .key = arena_printf(&a, "%s/agent.key", host),
					.certificate = arena_printf(&a, "%s/agent.pem", host),
					.client_ca = arena_printf(&a, "%s/ca.pem", host),
					.allow_file =
						arena_printf(&a, "%s/operators.allow", host) };

	put(".operators.allow.tmp-01234567");
	put(".agent.key.new.tmp-01234567");
	put(".other.tmp-01234567");
	put("agent.key");
	agent_files_clean(&c);
	assert_false(is_there(".operators.allow.tmp-01234567"));
	assert_false(is_there(".agent.key.new.tmp-01234567"));
	assert_true(is_there(".other.tmp-01234567"));
	assert_true(is_there("agent.key"));
}

TEST_EACH(open_host, close_host)
TEST_GROUP(NULL, NULL)
