/* SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"
#include "test.h"

static struct component at(const struct server *s)
{
	struct caddy *caddy = ARENA_NEW(&test_arena, struct caddy);

	caddy->admin = s->origin;
	caddy->id = "site";
	return (struct component){ .name = "front",
				   .deliver = { .kind = DRIVER_CADDY, .caddy = caddy } };
}

static const char *object(const char *certificate, const char *key)
{
	return reply("200 OK",
		     dumped(json_pack("{ss, ss, ss, s[s], s{ss}}", "@id", "site", "certificate",
				      certificate, "key", key, "tags", "mine", "more", "a", "b")));
}

static const char *holding(const struct pair *p)
{
	return object(certs_pem(p), key_pem(p));
}

#define NOTHING reply("404 Not Found", "{\"error\":\"unknown object ID 'site'\"}")
#define GOOD reply("200 OK", "")

TEST(a_probe_tells_what_the_running_configuration_holds)
{
	struct server *s = answers((struct server){ .answers = { holding(&old_pair) } });
	struct component c = at(s);
	struct job job = run(&c, DRIVER_PROBE, &new_pair);

	assert_done(&job);
	assert_true(job.seen.online);
	assert_string_equal(job.seen.installed, old_pair.facts.fingerprint);
	assert_string_equal(job.seen.served, old_pair.facts.fingerprint);
	assert_non_null(job.seen.chain);
	assert_null(job.seen.damage);
	assert_null(job.seen.unwritable);
	assert_asked(s->last, "GET /id/site HTTP/1.1\r\nHost: 127.0.0.1:");
}

TEST(a_socket_is_asked_without_a_name)
{
	struct server *s = server_new((struct server){ .answers = { holding(&old_pair) } },
				      at_root("caddy.sock"));
	struct component c = at(s);
	struct job job = run(&c, DRIVER_PROBE, &new_pair);

	assert_done(&job);
	assert_asked(s->last, "\r\nHost:\r\n");
}

TEST(what_is_no_pair_is_not_written_to)
{
	struct server *s = answers((struct server){
		.answers = { NOTHING, object("/tls/a.crt", "/tls/a.key"), reply("200 OK", "[1]"),
			     object(certs_pem(&old_pair), "") } });
	struct component c = at(s);

	for (int i = 0; i < 4; i++) {
		struct job job = run(&c, DRIVER_PROBE, &new_pair);

		assert_done(&job);
		assert_non_null(job.seen.unwritable);
		assert_null(job.seen.served);
		s->requests = i;
		job = run(&c, DRIVER_STAGE, &new_pair);
		assert_failed(&job, ERR_REMOTE, "the @id 'site'");
		s->requests = i;
		job = run(&c, DRIVER_COMMIT, &new_pair);
		assert_failed(&job, ERR_REMOTE, "the @id 'site'");
	}
}

TEST(what_answers_something_else_cannot_be_reached)
{
	struct server *s = answers((struct server){
		.answers = { reply("403 Forbidden", "{\"error\":\"host not \033allowed\"}"),
			     "junk\r\n\r\n" } });
	struct component c = at(s);
	struct job job = run(&c, DRIVER_PROBE, &new_pair);

	assert_failed(&job, ERR_REMOTE, "answered 403: ");
	assert_null(strchr(job.error.text, '\033'));
	job = run(&c, DRIVER_PROBE, &new_pair);
	assert_failed(&job, ERR_REMOTE, "cannot talk to");
}

TEST(a_commit_swaps_under_the_etag_and_leaves_the_rest)
{
	struct server *s = answers((struct server){ .answers = { holding(&old_pair), GOOD } });
	struct component c = at(s);
	struct job job = commit_over(&c, &new_pair, &old_pair);

	assert_done(&job);
	assert_int_equal(s->requests, 2);
	assert_asked(s->last, "PATCH /id/site HTTP/1.1\r\n");
	assert_asked(s->last, "If-Match: \"/x 1\"\r\n");
	assert_asked(s->last, "\"@id\":\"site\"");
	assert_asked(s->last, "\"tags\":[\"mine\"]");
	assert_asked(s->last, "\"more\":{\"a\":\"b\"}");
	assert_asked(s->last, in_json(certs_pem(&new_pair)));
	assert_asked(s->last, in_json(key_pem(&new_pair)));
	assert_null(strstr(s->last, in_json(key_pem(&old_pair))));
}

TEST(a_commit_replaces_only_what_it_expects)
{
	struct server *s =
		answers((struct server){ .answers = { holding(&third_pair), holding(&old_pair),
						      reply("412 Precondition Failed", "{}") } });
	struct component c = at(s);
	struct job job = commit_over(&c, &new_pair, &old_pair);

	assert_failed(&job, ERR_STALE, "not ");
	assert_int_equal(s->requests, 1);
	job = commit_over(&c, &new_pair, &old_pair);
	assert_failed(&job, ERR_STALE, "another client changed");
	assert_int_equal(s->requests, 3);
}

TEST(a_commit_that_happened_is_not_repeated)
{
	struct server *s = answers((struct server){ .answers = { holding(&new_pair) } });
	struct component c = at(s);
	struct job job = commit_over(&c, &new_pair, &old_pair);

	assert_done(&job);
	assert_int_equal(s->requests, 1);
}

TEST(the_same_leaf_is_written_again_when_it_is_mended)
{
	struct server *s = answers((struct server){ .answers = { holding(&new_pair), GOOD } });
	struct component c = at(s);
	struct job job = commit_over(&c, &new_pair, &new_pair);

	assert_done(&job);
	assert_int_equal(s->requests, 2);
}

TEST(a_refusal_is_told_without_what_was_sent)
{
	const char *words = dumped(json_pack(
		"{ss+}", "error", "private key does not match in /etc/x: ", key_pem(&new_pair)));
	struct server *s = answers(
		(struct server){ .answers = { holding(&old_pair), reply("500 Internal", words) } });
	struct component c = at(s);
	struct job job = commit_over(&c, &new_pair, &old_pair);

	assert_failed(&job, ERR_REMOTE, "answered 500: private key does not match in /etc/x:");
	assert_null(strstr(job.error.text, "BEGIN"));
	assert_null(strstr(job.error.text, "MIG"));
}

TEST(without_the_pair_nothing_is_put_back)
{
	struct server *s = answers((struct server){ .answers = { holding(&new_pair) } });
	struct component c = at(s);
	struct job job = job_of(&c, DRIVER_REVERT, &old_pair);

	job.set = NULL;
	job.key = NULL;
	drivers_run(drivers, &job, 1);
	assert_failed(&job, ERR_MISSING, "is not in the state");
	assert_int_equal(s->requests, 1);
}

TEST(the_former_pair_is_put_back)
{
	struct server *s = answers(
		(struct server){ .answers = { holding(&new_pair), GOOD, holding(&old_pair) } });
	struct component c = at(s);
	struct job job = run(&c, DRIVER_REVERT, &old_pair);

	assert_done(&job);
	assert_asked(s->last, "PATCH ");
	assert_asked(s->last, in_json(key_pem(&old_pair)));
	job = run(&c, DRIVER_REVERT, &old_pair);
	assert_done(&job);
	assert_int_equal(s->requests, 3);
}

TEST(what_is_in_use_is_asked_again)
{
	struct server *s =
		answers((struct server){ .answers = { holding(&new_pair), holding(&old_pair) } });
	struct component c = at(s);
	struct job job = run(&c, DRIVER_ACTIVATE, &new_pair);

	assert_done(&job);
	job = run(&c, DRIVER_ACTIVATE, &new_pair);
	assert_failed(&job, ERR_REMOTE, "another pair");
}

TEST(its_pair_can_be_read)
{
	struct server *s = answers((struct server){
		.answers = { holding(&old_pair), object(certs_pem(&old_pair), key_pem(&new_pair)),
			     NOTHING } });
	struct component c = at(s);
	struct cert_set set = { 0 };
	AUTO(secret) key = { 0 };
	struct job job = { .verb = DRIVER_READ,
			   .component = &c,
			   .arena = &test_arena,
			   .found = &set,
			   .parsed_key = &key };

	drivers_run(drivers, &job, 1);
	assert_done(&job);
	assert_int_equal(set.count, old_pair.set.count);
	assert_int_equal(key.len, old_pair.key.len);
	assert_memory_equal(key.bytes, old_pair.key.bytes, key.len);
	secret_release(&key);
	drivers_run(drivers, &job, 1);
	assert_failed(&job, ERR_REMOTE, "does not match");
	assert_null(key.bytes);
	drivers_run(drivers, &job, 1);
	assert_false(job.done);
}

TEST(only_ones_own_pair_is_removed)
{
	struct server *s = answers((struct server){
		.answers = { holding(&third_pair), holding(&old_pair), GOOD, NOTHING } });
	struct component c = at(s);
	struct job job = run(&c, DRIVER_REMOVE, &old_pair);

	assert_done(&job);
	assert_int_equal(s->requests, 1);
	job = run(&c, DRIVER_REMOVE, &old_pair);
	assert_done(&job);
	assert_asked(s->last, "DELETE /id/site ");
	assert_asked(s->last, "If-Match: ");
	assert_int_equal(s->requests, 3);
	job = run(&c, DRIVER_REMOVE, &old_pair);
	assert_done(&job);
	assert_int_equal(s->requests, 4);
}

TEST(a_reply_without_end_is_cut_off)
{
	size_t size = 2 * 1024 * 1024;
	char *junk = malloc(size + 64);
	struct server *s = NULL;
	struct component c;
	struct job job;

	assert_non_null(junk);
	sprintf(junk, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
	memset(junk + strlen(junk), 'x', size - 64);
	junk[size] = '\0';
	s = answers((struct server){ .answers = { junk } });
	c = at(s);
	job = run(&c, DRIVER_PROBE, &old_pair);
	assert_failed(&job, ERR_REMOTE, "more than");
}

TEST_EACH(open_root, close_root)
TEST_GROUP(open_drivers, close_drivers)
