/* SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"
#include "test.h"

#define KEY "/tls/site"
#define SUCCEEDED reply("200 OK", "{\"succeeded\":true}")
#define REFUSED reply("200 OK", "{\"header\":{}}")

static struct component at(const char *first, const char *second)
{
	struct etcd *etcd = ARENA_NEW(&test_arena, struct etcd);
	const char **endpoints = arena_array(&test_arena, 3, sizeof(*endpoints));

	endpoints[0] = first;
	endpoints[1] = second;
	etcd->endpoints = endpoints;
	etcd->key = KEY;
	return (struct component){ .name = "front",
				   .deliver = { .kind = DRIVER_ETCD, .etcd = etcd } };
}

static struct component on(const struct server *s)
{
	return at(s->origin, NULL);
}

/* ---- what an etcd says ---- */

static const char *b64(const char *text)
{
	AUTO(buf) out = { 0 };

	text_base64(&out, text, strlen(text));
	return arena_strdup(&test_arena, buf_text(&out));
}

static void say(json_t *kvs, const char *key, const char *value, const char *revision)
{
	json_t *kv = json_pack("{ss, ss}", "key", b64(key), "mod_revision", revision);

	if (*value)
		json_object_set_new(kv, "value", json_string(b64(value)));
	json_array_append_new(kvs, kv);
}

static const char *chain_pem(const struct pair *p)
{
	AUTO(buf) pem = { 0 };

	pem_add_certs(&pem, p->set.certs + 1, p->set.count - 1);
	return arena_strdup(&test_arena, buf_text(&pem));
}

static const char *staged_at(const struct pair *p)
{
	return arena_printf(&test_arena, KEY "/staged/%s", p->facts.fingerprint);
}

/* All entries of a pair beneath `prefix`, written at `revision`. */
static void say_pair(json_t *kvs, const char *prefix, const struct pair *p, const char *revision)
{
	const struct {
		const char *name;
		const char *value;
	} entries[] = {
		{ "certificate", leaf_pem(p) },          { "chain", chain_pem(p) },
		{ "fullchain", certs_pem(p) },           { "key", key_pem(p) },
		{ "fingerprint", p->facts.fingerprint },
	};

	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++)
		say(kvs, arena_printf(&test_arena, "%s/%s", prefix, entries[i].name),
		    entries[i].value, revision);
}

static const char *told(json_t *kvs)
{
	return reply("200 OK",
		     dumped(json_pack("{s[{s{so}}]}", "responses", "response_range", "kvs", kvs)));
}

static const char *holding(const struct pair *published, const struct pair *staged,
			   const struct pair *previous)
{
	json_t *kvs = json_array();

	if (published) {
		say_pair(kvs, KEY, published, "7");
		say(kvs, KEY "/revision", "41", "7");
	}
	if (staged)
		say_pair(kvs, staged_at(staged), staged, "8");
	if (previous)
		say_pair(kvs, KEY "/previous", previous, "7");
	return told(kvs);
}

/* ---- what it was asked ---- */

/* The last request as JSON, keys and values decoded where they are text. */
static json_t *asked(const struct server *s)
{
	json_t *json = json_loads(strstr(s->last, "\r\n\r\n") + 4, 0, NULL);

	assert_non_null(json);
	return json;
}

/* The value it puts under a key; NULL: none.  Base64. */
static const char *put_of(const json_t *txn, const char *key)
{
	const json_t *op = NULL;
	size_t i = 0;

	json_array_foreach(json_object_get(txn, "success"), i, op)
	{
		const json_t *put = json_object_get(op, "request_put");
		const char *name = json_string_value(json_object_get(put, "key"));

		if (name && !strcmp(name, b64(key)))
			return json_string_value(json_object_get(put, "value"));
	}
	return NULL;
}

static bool expects(const json_t *txn, const char *key, const char *revision)
{
	const json_t *c = NULL;
	size_t i = 0;

	json_array_foreach(json_object_get(txn, "compare"), i, c)
	{
		const char *name = json_string_value(json_object_get(c, "key"));

		if (!strcmp(name, b64(key)))
			return !strcmp(json_string_value(json_object_get(c, "mod_revision")),
				       revision);
	}
	return false;
}

/* ---- probe ---- */

TEST(a_probe_does_not_fetch_the_key)
{
	struct server *s =
		answers((struct server){ .answers = { holding(&old_pair, &new_pair, NULL) } });
	struct component c = on(s);
	struct job job = run(&c, DRIVER_PROBE, &new_pair);
	json_t *txn = NULL;
	const json_t *op = NULL;
	size_t i = 0;

	assert_done(&job);
	assert_true(job.seen.online);
	assert_string_equal(job.seen.installed, old_pair.facts.fingerprint);
	assert_null(job.seen.served);
	assert_null(job.seen.damage);
	assert_string_equal(job.seen.staged, new_pair.facts.fingerprint);
	assert_asked(s->last, "POST /v3/kv/txn HTTP/1.1\r\n");
	txn = asked(s);
	json_array_foreach(json_object_get(txn, "success"), i, op)
	{
		const json_t *range = json_object_get(op, "request_range");

		assert_non_null(range);
		assert_true(json_is_true(json_object_get(range, "keys_only")) ||
			    (!json_object_get(range, "range_end") &&
			     strcmp(json_string_value(json_object_get(range, "key")),
				    b64(KEY "/key"))));
	}
	json_decref(txn);
}

TEST(nothing_published_is_nothing_installed)
{
	struct server *s = answers(
		(struct server){ .answers = { reply("200 OK", "{\"responses\":[{}]}"), REFUSED } });
	struct component c = on(s);

	for (int i = 0; i < 2; i++) {
		struct job job = run(&c, DRIVER_PROBE, &new_pair);

		assert_done(&job);
		assert_string_equal(job.seen.installed, "");
		assert_null(job.seen.staged);
	}
}

TEST(entries_that_do_not_agree_are_damage)
{
	json_t *apart = json_array();
	json_t *partly = json_array();
	json_t *mixed = json_array();
	struct server *s = NULL;
	struct component c;
	struct job job;

	say_pair(apart, KEY, &old_pair, "7");
	json_array_remove(apart, 3);
	say(apart, KEY "/key", "x", "9");
	say(partly, KEY "/certificate", leaf_pem(&old_pair), "7");
	say_pair(mixed, KEY, &old_pair, "7");
	json_array_remove(mixed, 2);
	say(mixed, KEY "/fullchain", certs_pem(&new_pair), "7");
	s = answers((struct server){ .answers = { told(apart), told(partly), told(mixed) } });
	c = on(s);
	job = run(&c, DRIVER_PROBE, &new_pair);
	assert_string_equal(job.seen.installed, old_pair.facts.fingerprint);
	assert_string_equal(job.seen.damage,
			    "'" KEY "/key' was not written together with the certificate");
	job = run(&c, DRIVER_PROBE, &new_pair);
	assert_non_null(strstr(job.seen.damage, "is missing"));
	job = run(&c, DRIVER_PROBE, &new_pair);
	assert_non_null(strstr(job.seen.damage, "does not agree"));
}

TEST(what_is_no_etcd_says_so)
{
	static const struct {
		const char *answer;
		const char *words;
	} bad[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
		  "does not answer like an etcd" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
		  "does not answer like an etcd" },
		{ "HTTP/1.1 403 No\r\nContent-Length: 35\r\n\r\n"
		  "{\"error\":\"permission \\u001bdenied\"}",
		  "answered 403: permission \\x1bdenied" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct server *s = answers((struct server){ .answers = { bad[i].answer } });
		struct component c = on(s);
		struct job job = run(&c, DRIVER_PROBE, &new_pair);

		assert_failed(&job, ERR_REMOTE, bad[i].words);
	}
}

TEST(junk_in_it_is_taken_for_nothing)
{
	struct server *s = answers((struct server){
		.answers = { reply(
			"200 OK",
			"{\"responses\":[1,{\"response_range\":{\"kvs\":[7,{\"key\":\"!\"},{\"key\":\"L3Rscy9zaXRlL2NlcnRpZmljYXRl\",\"value\":\"!!\",\"mod_revision\":5}]}}]}") } });
	struct component c = on(s);
	struct job job = run(&c, DRIVER_PROBE, &new_pair);

	assert_done(&job);
	assert_string_equal(job.seen.installed, "");
}

/* ---- stage and abort ---- */

TEST(a_stage_is_read_back)
{
	json_t *altered = json_array();
	struct server *s = NULL;
	struct component c;
	struct job job;

	say_pair(altered, staged_at(&new_pair), &new_pair, "8");
	json_array_remove(altered, 3);
	say(altered, arena_printf(&test_arena, "%s/key", staged_at(&new_pair)), key_pem(&old_pair),
	    "8");
	s = answers((struct server){ .answers = { SUCCEEDED, holding(NULL, &new_pair, NULL),
						  SUCCEEDED, told(altered), SUCCEEDED, REFUSED } });
	c = on(s);
	job = run(&c, DRIVER_STAGE, &new_pair);
	assert_done(&job);
	assert_asked(s->all, b64(key_pem(&new_pair)));
	assert_asked(s->all, "\"request_delete_range\"");
	job = run(&c, DRIVER_STAGE, &new_pair);
	assert_failed(&job, ERR_REMOTE, "/key' is not what was written");
	job = run(&c, DRIVER_STAGE, &new_pair);
	assert_failed(&job, ERR_REMOTE, "/certificate' is not what");
}

TEST(an_abort_drops_its_own_entries_only)
{
	struct server *s = answers((struct server){ .answers = { SUCCEEDED } });
	struct component c = on(s);
	struct job job = run(&c, DRIVER_ABORT, &new_pair);

	assert_done(&job);
	assert_asked(s->last, b64(arena_printf(&test_arena, "%s/", staged_at(&new_pair))));
	assert_asked(s->last, b64(arena_printf(&test_arena, "%s0", staged_at(&new_pair))));
}

/* ---- commit ---- */

TEST(a_commit_moves_everything_in_one_transaction)
{
	struct server *s = answers((struct server){
		.answers = { holding(&old_pair, &new_pair, &third_pair), SUCCEEDED } });
	struct component c = on(s);
	struct job job = commit_over(&c, &new_pair, &old_pair);
	json_t *txn = NULL;

	assert_done(&job);
	assert_int_equal(s->requests, 2);
	txn = asked(s);
	assert_true(expects(txn, KEY "/certificate", "7"));
	assert_true(expects(txn, KEY "/key", "7"));
	assert_true(expects(txn, KEY "/revision", "7"));
	assert_true(expects(txn, arena_printf(&test_arena, "%s/key", staged_at(&new_pair)), "8"));
	assert_string_equal(put_of(txn, KEY "/key"), b64(key_pem(&new_pair)));
	assert_string_equal(put_of(txn, KEY "/fingerprint"), b64(new_pair.facts.fingerprint));
	assert_string_equal(put_of(txn, KEY "/revision"), b64("42"));
	assert_string_equal(put_of(txn, KEY "/previous/key"), b64(key_pem(&old_pair)));
	json_decref(txn);
}

TEST(a_first_commit_expects_that_nothing_is_there)
{
	struct server *s = answers(
		(struct server){ .answers = { holding(NULL, &new_pair, NULL), SUCCEEDED } });
	struct component c = on(s);
	struct job job = commit_over(&c, &new_pair, NULL);
	json_t *txn = NULL;

	assert_done(&job);
	txn = asked(s);
	assert_true(expects(txn, KEY "/certificate", "0"));
	assert_true(expects(txn, KEY "/revision", "0"));
	assert_string_equal(put_of(txn, KEY "/revision"), b64("1"));
	assert_null(put_of(txn, KEY "/previous/key"));
	json_decref(txn);
}

TEST(a_commit_replaces_only_what_it_expects)
{
	struct server *s =
		answers((struct server){ .answers = { holding(&third_pair, &new_pair, NULL),
						      holding(&old_pair, &new_pair, NULL), REFUSED,
						      holding(&third_pair, &new_pair, NULL) } });
	struct component c = on(s);
	struct job job = commit_over(&c, &new_pair, &old_pair);

	assert_failed(&job, ERR_STALE, "it holds ");
	assert_int_equal(s->requests, 1);
	job = commit_over(&c, &new_pair, &old_pair);
	assert_failed(&job, ERR_STALE, "another client changed");
	assert_int_equal(s->requests, 4);
}

TEST(a_commit_that_happened_is_not_repeated)
{
	struct server *s =
		answers((struct server){ .answers = { holding(&new_pair, NULL, &old_pair),
						      holding(&old_pair, &new_pair, NULL), REFUSED,
						      holding(&new_pair, NULL, &old_pair) } });
	struct component c = on(s);
	struct job job = commit_over(&c, &new_pair, &old_pair);

	assert_done(&job);
	assert_int_equal(s->requests, 1);
	/* its reply was lost, and the comparison does not hold any more */
	job = commit_over(&c, &new_pair, &old_pair);
	assert_done(&job);
	assert_int_equal(s->requests, 4);
}

TEST(what_was_not_staged_is_not_committed)
{
	struct server *s =
		answers((struct server){ .answers = { holding(&old_pair, NULL, NULL) } });
	struct component c = on(s);
	struct job job = commit_over(&c, &new_pair, &old_pair);

	assert_failed(&job, ERR_MISSING, "holds no such pair");
	assert_int_equal(s->requests, 1);
}

TEST(a_mended_chain_is_published_although_the_leaf_is_there)
{
	struct server *s = answers(
		(struct server){ .answers = { holding(&new_pair, &new_pair, NULL), SUCCEEDED,
					      holding(&new_pair, NULL, &new_pair) } });
	struct component c = on(s);
	struct job job = commit_over(&c, &new_pair, &new_pair);

	assert_done(&job);
	assert_int_equal(s->requests, 2);
	job = commit_over(&c, &new_pair, &new_pair);
	assert_done(&job);
	assert_int_equal(s->requests, 3);
}

/* ---- back, away, and read ---- */

TEST(the_previous_pair_is_published_again)
{
	struct server *s =
		answers((struct server){ .answers = { holding(&new_pair, NULL, &old_pair),
						      SUCCEEDED, holding(&old_pair, NULL, NULL),
						      holding(&new_pair, NULL, &third_pair) } });
	struct component c = on(s);
	struct job job = run(&c, DRIVER_REVERT, &old_pair);
	json_t *txn = NULL;

	assert_done(&job);
	txn = asked(s);
	assert_true(expects(txn, KEY "/certificate", "7"));
	assert_string_equal(put_of(txn, KEY "/key"), b64(key_pem(&old_pair)));
	assert_string_equal(put_of(txn, KEY "/revision"), b64("42"));
	json_decref(txn);
	job = run(&c, DRIVER_REVERT, &old_pair);
	assert_done(&job);
	job = run(&c, DRIVER_REVERT, &old_pair);
	assert_failed(&job, ERR_MISSING, "does not hold");
	assert_int_equal(s->requests, 4);
}

TEST(back_to_nothing_takes_the_keys_away)
{
	struct server *s = answers(
		(struct server){ .answers = { holding(&new_pair, NULL, NULL), SUCCEEDED } });
	struct component c = on(s);
	struct job job = run(&c, DRIVER_REVERT, NULL);
	json_t *txn = NULL;

	assert_done(&job);
	txn = asked(s);
	assert_true(expects(txn, KEY "/certificate", "7"));
	assert_null(put_of(txn, KEY "/key"));
	assert_asked(s->last, b64(KEY "/key"));
	json_decref(txn);
}

TEST(only_ones_own_keys_are_removed)
{
	struct server *s = answers(
		(struct server){ .answers = { holding(&third_pair, NULL, NULL),
					      holding(&old_pair, NULL, NULL), SUCCEEDED } });
	struct component c = on(s);
	struct job job = run(&c, DRIVER_REMOVE, &old_pair);

	assert_done(&job);
	assert_int_equal(s->requests, 1);
	job = run(&c, DRIVER_REMOVE, &old_pair);
	assert_done(&job);
	assert_int_equal(s->requests, 3);
	assert_asked(s->last, "\"request_delete_range\"");
}

TEST(its_pair_can_be_read)
{
	json_t *bare = json_array();
	struct server *s = NULL;
	struct component c;
	struct cert_set set = { 0 };
	AUTO(secret) key = { 0 };
	struct job job = { .verb = DRIVER_READ,
			   .component = &c,
			   .arena = &test_arena,
			   .found = &set,
			   .parsed_key = &key };

	/* as somebody may have written it by hand */
	say(bare, KEY "/certificate", certs_pem(&old_pair), "3");
	say(bare, KEY "/key", key_pem(&old_pair), "4");
	s = answers((struct server){ .answers = { told(bare) } });
	c = on(s);
	drivers_run(drivers, &job, 1);
	assert_done(&job);
	assert_memory_equal(key.bytes, old_pair.key.bytes, key.len);
}

/* ---- who answers, and who asks ---- */

TEST(a_member_that_does_not_answer_is_passed_over)
{
	struct server *gone = answers((struct server){ .answers = { SUCCEEDED } });
	struct server *cut = answers((struct server){
		.closes = true, .answers = { "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" } });
	struct server *good = answers(
		(struct server){ .answers = { holding(&old_pair, &new_pair, NULL), SUCCEEDED } });
	struct component c = at(gone->origin, good->origin);
	struct job job;

	server_stop(gone);
	job = commit_over(&c, &new_pair, &old_pair);
	assert_done(&job);
	assert_int_equal(good->requests, 2);
	c = at(cut->origin, good->origin);
	job = run(&c, DRIVER_ABORT, &new_pair);
	assert_done(&job);
	assert_int_equal(good->requests, 3);
	c = at(gone->origin, NULL);
	job = run(&c, DRIVER_PROBE, &new_pair);
	assert_failed(&job, ERR_REMOTE, "cannot talk to");
}

TEST(one_that_answers_is_believed)
{
	struct server *bad = answers(
		(struct server){ .answers = { reply("500 Internal", "{\"error\":\"no\"}") } });
	struct server *other = answers((struct server){ .answers = { SUCCEEDED } });
	struct component c = at(bad->origin, other->origin);
	struct job job = run(&c, DRIVER_ABORT, &new_pair);

	assert_failed(&job, ERR_REMOTE, "answered 500: no");
	assert_int_equal(other->connections, 0);
}

static struct component as_user(const struct server *s, const char *password)
{
	struct component c = on(s);
	struct etcd *etcd = ARENA_NEW(&test_arena, struct etcd);

	*etcd = *c.deliver.etcd;
	etcd->access.user = "me";
	etcd->access.password = (struct secret_ref){ SECRET_FILE, password, NULL };
	c.deliver.etcd = etcd;
	return c;
}

TEST(a_user_logs_in_first)
{
	struct server *s =
		answers((struct server){ .answers = { reply("200 OK", "{\"token\":\"tick.1\"}"),
						      holding(&old_pair, NULL, NULL) } });
	struct component c = as_user(s, "pass\"word");
	struct job job = run(&c, DRIVER_PROBE, &new_pair);

	assert_done(&job);
	assert_asked(s->all, "POST /v3/auth/authenticate ");
	assert_asked(s->all, "{\"name\":\"me\",\"password\":\"pass\\\"word\"}");
	assert_asked(s->last, "Authorization: tick.1\r\n");
	assert_string_equal(job.seen.installed, old_pair.facts.fingerprint);
}

TEST(a_login_that_fails_tells_no_password)
{
	struct server *s = answers((struct server){
		.answers = { reply("400 Bad", "{\"error\":\"no user me with sesame-1\"}"),
			     reply("200 OK", "{}"),
			     reply("200 OK", "{\"token\":\"a\\r\\nb\"}") } });
	struct component c = as_user(s, "sesame-1");
	struct job job = run(&c, DRIVER_PROBE, &new_pair);

	assert_failed(&job, ERR_REMOTE, "cannot log in");
	assert_null(strstr(job.error.text, "sesame"));
	for (int i = 0; i < 2; i++) {
		job = run(&c, DRIVER_PROBE, &new_pair);
		assert_failed(&job, ERR_REMOTE, "gives no token");
	}
	c = as_user(s, "missing");
	job = run(&c, DRIVER_PROBE, &new_pair);
	assert_failed(&job, ERR_INPUT, "not there");
}

TEST_EACH(open_root, close_root)
TEST_GROUP(open_drivers, close_drivers)
