/* SPDX-License-Identifier: Apache-2.0 */
/* The driver `http`, and the request of an activation. */
#include "driver_fixture.h"
#include "test.h"

#include "pki/import.h"
#include "remote/exchange.h"

#include <ctype.h>

#define TEXT(t)                                  \
	{                                        \
		.what = MATERIAL_TEXT, .text = t \
	}
#define FILL(m)                      \
	{                            \
		.what = MATERIAL_##m \
	}
#define PIECES(...)                                                               \
	((struct http_text){ (const struct http_piece[]){ __VA_ARGS__ },          \
			     sizeof((const struct http_piece[]){ __VA_ARGS__ }) / \
				     sizeof(struct http_piece) })
#define REQUEST(...) (&(const struct http_request){ __VA_ARGS__ })
#define PROBE                                                          \
	REQUEST(.method = HTTP_GET, .url.path = PIECES(TEXT("/cert")), \
		.fingerprint = "/certs/0/sha256~1hex", .version = "/version")

#define OK reply("200 OK", "")
#define TELLS(fingerprint)                                               \
	reply("200 OK", arena_printf(&test_arena,                        \
				     "{\"certs\":[{\"sha256/hex\":%s}]," \
				     "\"version\":\"7.2\\u001b\"}",      \
				     fingerprint))

static const char *quoted(const struct pair *p)
{
	return arena_printf(&test_arena, "\"%s\"", p->facts.fingerprint);
}

static struct component with(const struct server *s, struct http http)
{
	struct http *kept = ARENA_NEW(&test_arena, struct http);

	*kept = http;
	kept->origin = s->origin;
	return (struct component){ .name = "the \"device\"",
				   .deliver = { .kind = DRIVER_HTTP, .http = kept } };
}

TEST(a_probe_finds_the_fingerprint_in_every_form)
{
	const char *plain = old_pair.facts.fingerprint;
	AUTO(buf) colons = { 0 };

	for (size_t i = 0; i < 64; i += 2)
		buf_printf(&colons, "%s%c%c", i ? ":" : "\"", toupper((unsigned char)plain[i]),
			   toupper((unsigned char)plain[i + 1]));
	buf_puts(&colons, "\"");

	struct server *s = answers((struct server){
		.answers = { TELLS(quoted(&old_pair)), TELLS(buf_text(&colons)),
			     TELLS(arena_printf(&test_arena, "\"%s\"",
						in_json(certs_pem(&old_pair)))) } });
	struct component c = with(s, (struct http){ .requests[DECLARED_PROBE] = PROBE });

	for (int i = 0; i < 3; i++) {
		struct job job = run(&c, DRIVER_PROBE, &new_pair);

		assert_done(&job);
		assert_true(job.seen.online);
		assert_null(job.seen.error);
		assert_string_equal(job.seen.installed, plain);
		assert_null(job.seen.served);
		assert_string_equal(job.seen.version, "7.2\\x1b");
	}
	assert_asked(s->last, "GET /cert HTTP/1.1\r\n");
}

TEST(what_is_no_fingerprint_is_unknown)
{
	static const char *const odd[] = { "\"abcd\"", "7", "\"-----BEGIN X\"", "{}" };

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct server *s = answers((struct server){ .answers = { TELLS(odd[i]) } });
		struct component c = with(s, (struct http){ .requests[DECLARED_PROBE] = PROBE });
		struct job job = run(&c, DRIVER_PROBE, &new_pair);

		assert_done(&job);
		assert_null(job.seen.installed);
		assert_non_null(strstr(job.seen.error, "something else"));
	}
}

TEST(nothing_can_be_said_in_several_ways)
{
	struct server *s = answers((struct server){
		.answers = { TELLS("null"), TELLS("\"\""), reply("404 Not Found", "gone"),
			     reply("404 Not Found", "{\"version\":\"7\"}") } });
	struct component c = with(s, (struct http){ .requests[DECLARED_PROBE] = PROBE });

	for (int i = 0; i < 4; i++) {
		struct job job = run(&c, DRIVER_PROBE, &new_pair);

		assert_done(&job);
		assert_string_equal(job.seen.installed, "");
		if (i == 3)
			assert_string_equal(job.seen.version, "7");
	}
}

TEST(a_probe_that_fails_says_how)
{
	static const struct {
		const char *answer;
		const char *words;
	} bad[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[}", "JSON" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "JSON" },
		{ "HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nbad\n", "answered 500: bad" },
		{ "HTTP/1.1 302 No\r\nLocation: https://other.example/\r\n"
		  "Content-Length: 0\r\n\r\n",
		  "answered 302 (redirects are not followed)" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"certs\"", "cannot talk to" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct server *s =
			answers((struct server){ .closes = true, .answers = { bad[i].answer } });
		struct component c = with(s, (struct http){ .requests[DECLARED_PROBE] = PROBE });
		struct job job = run(&c, DRIVER_PROBE, &new_pair);

		assert_failed(&job, ERR_REMOTE, bad[i].words);
		assert_int_equal(s->connections, 1);
	}
}

TEST(a_request_has_its_own_patience)
{
	struct server *s = answers((struct server){ .is_silent = true, .answers = { "" } });
	struct component c =
		with(s, (struct http){ .requests[DECLARED_PROBE] =
					       REQUEST(.method = HTTP_GET, .timeout = 1,
						       .url.path = PIECES(TEXT("/")),
						       .fingerprint = "/a") });
	int64_t begin = clock_mono_ms();
	struct job job = run(&c, DRIVER_PROBE, &new_pair);

	assert_failed(&job, ERR_REMOTE, s->origin);
	/* before one without would end */
	assert_true(clock_mono_ms() - begin < EXCHANGE_TIMEOUT_MS);
}

TEST(without_a_probe_nothing_is_known)
{
	struct server *s = answers((struct server){ .answers = { OK } });
	struct component c = with(s, (struct http){ 0 });
	struct job job = run(&c, DRIVER_PROBE, &new_pair);

	assert_done(&job);
	assert_true(job.seen.online);
	assert_null(job.seen.installed);
	assert_non_null(job.seen.error);
	assert_int_equal(s->connections, 0);
}

TEST(a_request_is_filled_in)
{
	const struct http_header headers[] = {
		{ .name = "X-Of", .text = PIECES(TEXT("a "), FILL(FINGERPRINT)) },
		{ .name = "X-Token", .secret = { SECRET_FILE, "s3cret", NULL } },
	};
	struct server *s = answers((struct server){ .answers = { OK } });
	struct component c = with(
		s, (struct http){
			   .access = { .user = "admin", .password = { SECRET_FILE, "open", NULL } },
			   .requests[DECLARED_COMMIT] =
				   REQUEST(.method = HTTP_PUT,
					   .url.path = PIECES(TEXT("/c/"), FILL(FINGERPRINT),
							      TEXT("?x=1")),
					   .headers = headers, .header_count = 2,
					   .json = PIECES(TEXT("{\"pem\":\""), FILL(FULLCHAIN),
							  TEXT("\",\"leaf\":\""), FILL(CERTIFICATE),
							  TEXT("\",\"key\":\""), FILL(KEY),
							  TEXT("\"}"))) });
	struct job job = commit_over(&c, &new_pair, &old_pair);
	const char *body = NULL;
	const char *expected = NULL;

	assert_done(&job);
	assert_asked(s->last, arena_printf(&test_arena, "PUT /c/%s?x=1 HTTP/1.1\r\n",
					   new_pair.facts.fingerprint));
	assert_asked(s->last,
		     arena_printf(&test_arena, "X-Of: a %s\r\n", new_pair.facts.fingerprint));
	assert_asked(s->last, "X-Token: s3cret\r\n");
	assert_asked(s->last, "Authorization: Basic YWRtaW46b3Blbg==\r\n");
	assert_asked(s->last, "Content-Type: application/json\r\n");
	body = strstr(s->last, "\r\n\r\n") + 4;
	expected = dumped(json_pack("{ss, ss, ss}", "pem", certs_pem(&new_pair), "leaf",
				    leaf_pem(&new_pair), "key", key_pem(&new_pair)));
	assert_string_equal(body, expected);
}

TEST(a_body_is_sent_as_it_stands)
{
	struct server *s = answers((struct server){ .answers = { OK } });
	struct component c =
		with(s, (struct http){ .requests[DECLARED_COMMIT] =
					       REQUEST(.method = HTTP_POST,
						       .url.path = PIECES(TEXT("/")),
						       .body = PIECES(TEXT("<a>\n"), FILL(COMBINED),
								      TEXT("</a>"))) });
	struct job job = commit_over(&c, &new_pair, &old_pair);
	const char *body = NULL;

	assert_done(&job);
	body = strstr(s->last, "\r\n\r\n") + 4;
	assert_int_equal(strncmp(body, "<a>\n-----BEGIN CERT", 19), 0);
	assert_asked(body, certs_pem(&new_pair));
	assert_asked(body, key_pem(&new_pair));
	assert_asked(s->last, "Content-Type: text/plain\r\n");
}

TEST(a_pkcs12_holds_the_pair)
{
	struct server *s = answers((struct server){ .answers = { OK } });
	struct component c =
		with(s, (struct http){ .pkcs12_password = { SECRET_FILE, "sesame", NULL },
				       .requests[DECLARED_COMMIT] =
					       REQUEST(.method = HTTP_POST,
						       .url.path = PIECES(TEXT("/")),
						       .body = PIECES(FILL(PKCS12))) });
	struct job job = commit_over(&c, &new_pair, &old_pair);
	const struct secret password = { (unsigned char *)"sesame", 6 };
	const char *name = "x.p12";
	AUTO(secret) der = { 0 };
	AUTO(pair) pair = { 0 };
	const char *body = NULL;
	struct err e = { 0 };

	assert_done(&job);
	body = strstr(s->last, "\r\n\r\n") + 4;
	secret_alloc(&der, text_unbase64_room(strlen(body)));
	assert_true(text_unbase64(body, strlen(body), der.bytes, &der.len));
	must(import_read(&(const struct import_input){ .kind = IMPORT_PKCS12,
						       .names = &name,
						       .files = &der,
						       .file_count = 1,
						       .password = &password },
			 &pair, &e),
	     &e);
	assert_string_equal(pair.facts.fingerprint, new_pair.facts.fingerprint);
	assert_memory_equal(pair.key.bytes, new_pair.key.bytes, pair.key.len);
}

static const struct http_request *simple_commit(void)
{
	static const struct http_piece path[] = { TEXT("/commit") };
	static const struct http_piece body[] = { FILL(KEY) };
	static const struct http_request request = { .method = HTTP_POST,
						     .url.path = { path, 1 },
						     .body = { body, 1 } };

	return &request;
}

TEST(a_commit_replaces_only_what_it_expects)
{
	struct server *s = answers((struct server){
		.answers = { TELLS(quoted(&third_pair)), TELLS(quoted(&new_pair)),
			     TELLS(quoted(&old_pair)), OK, TELLS(quoted(&old_pair)),
			     reply("412 Precondition Failed", "") } });
	struct component c = with(
		s,
		(struct http){
			.requests = {
				[DECLARED_PROBE] = PROBE, [DECLARED_COMMIT] = simple_commit() } });
	struct job job = commit_over(&c, &new_pair, &old_pair);

	assert_failed(&job, ERR_STALE, "it holds ");
	assert_int_equal(s->requests, 1);
	job = commit_over(&c, &new_pair, &old_pair);
	assert_done(&job);
	assert_int_equal(s->requests, 2);
	job = commit_over(&c, &new_pair, &old_pair);
	assert_done(&job);
	assert_int_equal(s->requests, 4);
	job = commit_over(&c, &new_pair, &old_pair);
	assert_failed(&job, ERR_STALE, "another client changed");
}

TEST(only_the_statuses_that_are_expected_are_good)
{
	static const unsigned expect[] = { 201, 409, 0 };
	struct server *s = answers(
		(struct server){ .answers = { reply("200 OK", ""), reply("409 Conflict", "") } });
	struct component c =
		with(s, (struct http){ .requests[DECLARED_COMMIT] =
					       REQUEST(.method = HTTP_POST, .expect = expect,
						       .url.path = PIECES(TEXT("/")),
						       .body = PIECES(FILL(KEY))) });
	struct job job = commit_over(&c, &new_pair, &old_pair);

	assert_failed(&job, ERR_REMOTE, "answered 200");
	job = commit_over(&c, &new_pair, &old_pair);
	assert_done(&job);
}

TEST(without_an_own_activation_the_probe_has_to_show_it)
{
	struct server *s = answers((struct server){
		.answers = { TELLS(quoted(&new_pair)), TELLS(quoted(&old_pair)) } });
	struct component c = with(s, (struct http){ .requests[DECLARED_PROBE] = PROBE });
	struct job job = run(&c, DRIVER_ACTIVATE, &new_pair);

	assert_done(&job);
	job = run(&c, DRIVER_ACTIVATE, &new_pair);
	assert_failed(&job, ERR_REMOTE, "still reports");
}

TEST(the_former_pair_is_staged_and_committed_again)
{
	const struct http_request *stage =
		REQUEST(.method = HTTP_PUT, .url.path = PIECES(TEXT("/stage")),
			.body = PIECES(FILL(FULLCHAIN)));
	struct server *s = answers((struct server){ .answers = { OK } });
	struct component c = with(
		s,
		(struct http){
			.requests = {
				[DECLARED_STAGE] = stage, [DECLARED_COMMIT] = simple_commit() } });
	struct job job = run(&c, DRIVER_REVERT, &old_pair);

	assert_done(&job);
	assert_int_equal(s->requests, 2);
	assert_asked(s->all, "PUT /stage ");
	assert_asked(s->all, certs_pem(&old_pair));
	assert_asked(s->last, "POST /commit ");
	assert_asked(s->last, key_pem(&old_pair));

	job = job_of(&c, DRIVER_REVERT, &old_pair);
	job.set = NULL;
	job.key = NULL;
	drivers_run(drivers, &job, 1);
	assert_failed(&job, ERR_MISSING, "is not in the state");
	assert_int_equal(s->requests, 2);
}

TEST(back_to_nothing_is_a_removal)
{
	const struct http_request *gone =
		REQUEST(.method = HTTP_DELETE, .url.path = PIECES(TEXT("/gone")));
	struct server *s = answers((struct server){ .answers = { OK } });
	struct component c =
		with(s, (struct http){ .requests = { [DECLARED_COMMIT] = simple_commit() } });
	struct job job = run(&c, DRIVER_REVERT, NULL);

	assert_failed(&job, ERR_MISSING, "no request 'remove'");
	c = with(s,
		 (struct http){
			 .requests = {
				 [DECLARED_COMMIT] = simple_commit(), [DECLARED_REMOVE] = gone } });
	job = run(&c, DRIVER_REVERT, NULL);
	assert_done(&job);
	assert_asked(s->last, "DELETE /gone ");
}

TEST(only_ones_own_pair_is_removed)
{
	const struct http_request *gone =
		REQUEST(.method = HTTP_DELETE, .url.path = PIECES(TEXT("/gone")));
	struct server *s = answers((struct server){
		.answers = { TELLS(quoted(&third_pair)), TELLS(quoted(&old_pair)), OK } });
	struct component c = with(
		s, (struct http){
			   .requests = { [DECLARED_PROBE] = PROBE, [DECLARED_REMOVE] = gone } });
	struct job job = run(&c, DRIVER_REMOVE, &old_pair);

	assert_done(&job);
	assert_int_equal(s->requests, 1);
	job = run(&c, DRIVER_REMOVE, &old_pair);
	assert_done(&job);
	assert_asked(s->last, "DELETE /gone ");
}

TEST(its_key_cannot_be_read)
{
	struct server *s = answers((struct server){ .answers = { OK } });
	struct component c = with(s, (struct http){ .requests[DECLARED_PROBE] = PROBE });
	struct job job = run(&c, DRIVER_READ, &old_pair);

	assert_failed(&job, ERR_MISSING, "cannot be read");
	assert_int_equal(s->connections, 0);
}

TEST(what_was_not_said_needs_no_request)
{
	struct server *s = answers((struct server){ .answers = { OK } });
	struct component c =
		with(s, (struct http){ .requests = { [DECLARED_COMMIT] = simple_commit() } });
	struct job job = run(&c, DRIVER_STAGE, &new_pair);

	assert_done(&job);
	job = run(&c, DRIVER_ABORT, &new_pair);
	assert_done(&job);
	job = run(&c, DRIVER_ACTIVATE, &new_pair);
	assert_done(&job);
	assert_int_equal(s->connections, 0);
}

TEST(an_answer_that_repeats_a_secret_is_not_shown)
{
	const struct http_header headers[] = {
		{ .name = "X-Token", .secret = { SECRET_FILE, "s3cret", NULL } },
	};
	struct server *s = answers(
		(struct server){ .answers = { reply("400 Bad", "you said s3cret"),
					      reply("400 Bad", key_pem(&new_pair)),
					      reply("400 Bad", in_json(key_pem(&new_pair))),
					      reply("400 Bad", "no YWRtaW46b3Blbg== here"),
					      reply("400 Bad", "no /path/to/SomeThing/1") } });
	struct component c = with(
		s, (struct http){
			   .access = { .user = "admin", .password = { SECRET_FILE, "open", NULL } },
			   .requests[DECLARED_COMMIT] =
				   REQUEST(.method = HTTP_POST, .url.path = PIECES(TEXT("/")),
					   .headers = headers, .header_count = 1,
					   .body = PIECES(FILL(KEY))) });

	for (int i = 0; i < 5; i++) {
		struct job job = commit_over(&c, &new_pair, &old_pair);

		assert_failed(&job, ERR_REMOTE,
			      i < 4 ? "answered 400" : "answered 400: no /path/to/SomeThing/1");
		assert_null(strstr(job.error.text, "s3cret"));
		assert_null(strstr(job.error.text, "MIG"));
		assert_null(strstr(job.error.text, "YWRt"));
	}
}

TEST(secrets_that_are_none_are_mistakes_of_the_input)
{
	static const char *const bad[] = { "missing", "two\nlines", "a\rb" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const struct http_header header = { .name = "X-Token",
						    .secret = { SECRET_FILE, bad[i], NULL } };
		struct server *s = answers((struct server){ .answers = { OK } });
		struct component c = with(
			s, (struct http){ .requests[DECLARED_COMMIT] =
						  REQUEST(.method = HTTP_POST,
							  .url.path = PIECES(TEXT("/")),
							  .headers = &header, .header_count = 1,
							  .body = PIECES(FILL(KEY))) });
		struct job job = commit_over(&c, &new_pair, &old_pair);

		assert_failed(&job, ERR_INPUT, "X-Token");
		assert_int_equal(s->requests, 0);
	}
}

TEST(authorities_that_are_none_are_mistakes_of_the_input)
{
	struct server *s = answers((struct server){ .answers = { OK } });
	struct component c;
	struct job job;

	write_text(at_root("ca.pem"), "nothing in it\n");
	c = with(s, (struct http){ .access.ca = at_root("ca.pem"),
				   .requests[DECLARED_PROBE] = PROBE });
	job = run(&c, DRIVER_PROBE, &new_pair);
	assert_failed(&job, ERR_INPUT, "holds no certificate");
	c = with(s, (struct http){ .access.ca = at_root("none.pem"),
				   .requests[DECLARED_PROBE] = PROBE });
	job = run(&c, DRIVER_PROBE, &new_pair);
	assert_failed(&job, ERR_INPUT, "none.pem");
	write_certs(at_root("ca.pem"), &old_pair);
	c = with(s, (struct http){ .access.ca = at_root("ca.pem"),
				   .requests[DECLARED_PROBE] = PROBE });
	job = run(&c, DRIVER_PROBE, &new_pair);
	assert_failed(&job, ERR_REMOTE, "JSON");
}

/* ---- activate: {http: ...} ---- */

TEST(an_activation_can_be_a_request)
{
	struct server *s =
		answers((struct server){ .answers = { OK, reply("503 No", "not today") } });
	const struct http_call call = {
		.request = { .method = HTTP_POST,
			     .url = { s->origin, PIECES(TEXT("/reload/"), FILL(FINGERPRINT)) } }
	};
	struct component c = { .name = "c",
			       .deliver = { .kind = DRIVER_FILES, .files = path_form() },
			       .activate = {
				       .kind = ACTIVATE_HTTP, .http = &call, .timeout = 60 } };
	struct job job = run(&c, DRIVER_ACTIVATE, &new_pair);

	assert_done(&job);
	assert_asked(s->last,
		     arena_printf(&test_arena, "POST /reload/%s ", new_pair.facts.fingerprint));
	job = run(&c, DRIVER_ACTIVATE, &new_pair);
	assert_failed(&job, ERR_REMOTE, "answered 503: not today");
}

TEST(an_activation_has_its_own_patience)
{
	struct server *s = answers((struct server){ .is_silent = true, .answers = { "" } });
	const struct http_call call = { .request = { .method = HTTP_POST,
						     .url = { s->origin, PIECES(TEXT("/")) } } };
	struct component c = { .name = "c",
			       .deliver = { .kind = DRIVER_FILES, .files = path_form() },
			       .activate = { .kind = ACTIVATE_HTTP, .http = &call, .timeout = 1 } };
	int64_t begin = clock_mono_ms();
	struct job job = run(&c, DRIVER_ACTIVATE, &new_pair);

	assert_failed(&job, ERR_REMOTE, s->origin);
	/* before one without would end */
	assert_true(clock_mono_ms() - begin < EXCHANGE_TIMEOUT_MS);
}

/* Neither does it show a key that it has in a form of its own. */
TEST(nothing_is_shown_beyond_what_could_be_a_key)
{
	AUTO(buf) base64 = { 0 };
	char hex[129] = "";
	const char *line = strchr(key_pem(&new_pair), '\n') + 1;

	text_base64(&base64, key_pem(&new_pair), 60);
	text_hex(new_pair.key.bytes, 64, hex);

	const char *const forms[] = { buf_text(&base64), hex,
				      arena_strndup(&test_arena, line, 64) };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct server *s = answers((struct server){
			.answers = { reply("400 Bad", arena_printf(&test_arena, "not %s, I think",
								   forms[i])) } });
		struct component c =
			with(s, (struct http){ .requests[DECLARED_COMMIT] = simple_commit() });
		struct job job = commit_over(&c, &new_pair, &old_pair);

		assert_failed(&job, ERR_REMOTE, "answered 400: not ...");
		assert_null(strstr(job.error.text, "think"));
	}
}

TEST_EACH(open_root, close_root)
TEST_GROUP(open_drivers, close_drivers)
