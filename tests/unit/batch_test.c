/* SPDX-License-Identifier: Apache-2.0 */
#include "connect_count.h"
#include "remote_server.h"
#include "test.h"

#include "base/stop.h"
#include "remote/batch.h"

#include <signal.h>
#include <sys/wait.h>

enum {
	MANY = 40,
};

/* One conversation that asks `times` times and keeps the last answer. */
struct asker {
	enum exchange_kind kind;
	const char *if_match;
	const char *text; /* lines */
	unsigned times;
	bool changes;
	bool bulk;
	int64_t timeout_ms;
	unsigned asked;
	bool good;
	struct err error;
	long status;
	char etag[ETAG_LIMIT];
	struct secret reply;
};

static void ask(void *ctx, struct conversation *c)
{
	struct asker *a = ctx;

	while (a->asked < a->times && !a->error.code) {
		AUTO(exchange) x = { .kind = a->kind,
				     .method = "GET",
				     .path = "/x",
				     .if_match = a->if_match,
				     .reads = !a->changes,
				     .bulk = a->bulk,
				     .timeout_ms = a->timeout_ms };

		a->asked++;
		if (a->kind == EXCHANGE_LINES)
			secret_copy(&x.body, a->text, strlen(a->text));
		a->good = batch_request(c, &x, &a->error);
		a->status = x.status;
		memcpy(a->etag, x.etag, sizeof(a->etag));
		secret_release(&a->reply);
		a->reply = TAKE(x.reply);
	}
}

static void run(struct batch *b, const char *origin, struct asker *a)
{
	if (!a->times)
		a->times = 1;
	batch_add(b, origin, ask, a);
	batch_run(b);
}

#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

TEST(a_request_is_answered)
{
	AUTO(batch) b = batch_new();
	struct server *s = server_new((struct server){ .answers = { HELLO } }, NULL);
	struct asker a = { .if_match = "\"/x 12\"" };

	run(b, s->origin, &a);
	assert_int_equal(a.error.code, ERR_NONE);
	assert_int_equal(a.status, 200);
	assert_string_equal((char *)a.reply.bytes, "hello");
	assert_non_null(strstr(s->last, "GET /x HTTP/1.1"));
	assert_non_null(strstr(s->last, "If-Match: \"/x 12\""));
	secret_release(&a.reply);
}

static void ask_with_headers(void *ctx, struct conversation *c)
{
	static const struct secret type = { (unsigned char *)"text/plain", 10 };
	static const struct secret token = { (unsigned char *)"Bearer x", 8 };
	static const struct exchange_header headers[] = {
		{ "Content-Type", &type },
		{ "Authorization", &token },
	};
	AUTO(exchange)
	x = { .method = "POST", .path = "/", .headers = headers, .header_count = 2 };

	secret_copy(&x.body, "hi", 2);
	*(bool *)ctx = batch_request(c, &x, &(struct err){ 0 });
}

TEST(headers_are_sent_as_they_are)
{
	AUTO(batch) b = batch_new();
	struct server *s = server_new((struct server){ .answers = { HELLO } }, NULL);
	bool good = false;

	batch_add(b, s->origin, ask_with_headers, &good);
	batch_run(b);
	assert_true(good);
	assert_non_null(strstr(s->last, "Content-Type: text/plain\r\n"));
	assert_non_null(strstr(s->last, "Authorization: Bearer x\r\n"));
	assert_null(strstr(s->last, "application/json"));
}

TEST(an_etag_may_come_after_the_body)
{
	AUTO(batch) b = batch_new();
	struct server *s =
		server_new((struct server){ .answers = { "HTTP/1.1 200 OK\r\nTrailer: ETag\r\n"
							 "Transfer-Encoding: chunked\r\n\r\n"
							 "5\r\nhello\r\n0\r\n"
							 "ETag: \"/x 7\"\r\n\r\n" } },
			   NULL);
	struct asker a = { 0 };

	run(b, s->origin, &a);
	assert_string_equal(a.etag, "\"/x 7\"");
	secret_release(&a.reply);
}

TEST(a_connection_is_kept_from_one_run_to_the_next)
{
	AUTO(batch) b = batch_new();
	struct server *s = server_new((struct server){ .answers = { HELLO } }, NULL);

	for (int i = 0; i < 3; i++) {
		struct asker a = { .times = 2 };

		run(b, s->origin, &a);
		assert_int_equal(a.error.code, ERR_NONE);
		secret_release(&a.reply);
	}
	assert_int_equal(s->requests, 6);
	assert_int_equal(s->connections, 1);
}

TEST(lines_go_over_tcp_and_unix_sockets)
{
	AUTO(batch) b = batch_new();
	struct server like = { .lines = true, .answers = { "Success!\n" } };
	char path[64];

	snprintf(path, sizeof(path), "/tmp/batch-%d.sock", getpid());
	for (int i = 0; i < 2; i++) {
		struct server *s = server_new(like, i ? path : NULL);
		struct asker a = { .kind = EXCHANGE_LINES, .text = "show info\n", .times = 2 };

		run(b, s->origin, &a);
		assert_int_equal(a.error.code, ERR_NONE);
		assert_string_equal((char *)a.reply.bytes, "Success!\n");
		assert_string_equal(s->last, "show info\n");
		secret_release(&a.reply);
	}
	unlink(path);
}

TEST(many_are_asked_at_once_but_not_too_many_of_one)
{
	AUTO(batch) b = batch_new();
	/* one after the other, the first would wait in vain for the rest */
	static struct server_gate gate = { .needed = BATCH_HOST_LIMIT + MANY - 1 };
	struct server like = {
		.lines = true, .gate = &gate, .delay_ms = 100, .answers = { "yes\n" }
	};
	struct server *servers[MANY];
	struct asker askers[2 * MANY] = { 0 };

	for (int i = 0; i < MANY; i++)
		servers[i] = server_new(like, NULL);
	for (int i = 0; i < 2 * MANY; i++) {
		const struct server *s = servers[i < MANY ? 0 : i - MANY];

		askers[i] = (struct asker){ .kind = EXCHANGE_LINES, .text = "?\n", .times = 1 };
		batch_add(b, s->origin, ask, &askers[i]);
	}
	batch_run(b);
	assert_int_equal(servers[0]->most_busy, BATCH_HOST_LIMIT);
	for (int i = 0; i < 2 * MANY; i++) {
		assert_int_equal(askers[i].error.code, ERR_NONE);
		assert_string_equal((char *)askers[i].reply.bytes, "yes\n");
		secret_release(&askers[i].reply);
	}
}

TEST(a_web_server_is_asked_more_at_once)
{
	AUTO(batch) b = batch_new();
	static struct server_gate gate = { .needed = BATCH_WEB_LIMIT };
	struct server *s = server_new(
		(struct server){ .gate = &gate, .delay_ms = 100, .answers = { HELLO } }, NULL);
	struct asker askers[MANY] = { 0 };

	for (int i = 0; i < MANY; i++) {
		askers[i] = (struct asker){ .times = 1 };
		batch_add(b, s->origin, ask, &askers[i]);
	}
	batch_run(b);
	assert_int_equal(s->most_busy, BATCH_WEB_LIMIT);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(askers[i].status, 200);
		secret_release(&askers[i].reply);
	}
}

#define BUSY "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n"

TEST(only_who_says_so_is_asked_again)
{
	static const struct {
		const char *first;
		long status;
		int requests;
	} rows[] = {
		{ BUSY "Retry-After: 1\r\n\r\n", 200, 2 },
		{ "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", 200, 2 },
		{ BUSY "\r\n", 503, 1 },
		{ BUSY "Retry-After: 3600\r\n\r\n", 503, 1 },
		{ "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", 500, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO(batch) b = batch_new();
		struct server *s =
			server_new((struct server){ .answers = { rows[i].first, HELLO } }, NULL);
		struct asker a = { 0 };

		run(b, s->origin, &a);
		assert_int_equal(a.error.code, ERR_NONE);
		assert_int_equal(a.status, rows[i].status);
		assert_int_equal(s->requests, rows[i].requests);
		secret_release(&a.reply);
	}
}

#define SLOW "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n"

TEST(s16_a_wait_without_measure_is_no_wait)
{
	static const char *const waits[] = {
		BUSY "Retry-After: 9223372036854775807\r\n\r\n",
		BUSY "Retry-After: 18446744073709552\r\n\r\n",
		SLOW "Retry-After: 9223372036854775\r\n\r\n",
		BUSY "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		AUTO(batch) b = batch_new();
		struct server *s =
			server_new((struct server){ .answers = { waits[i], HELLO } }, NULL);
		struct asker a = { 0 };

		run(b, s->origin, &a);
		assert_int_equal(a.error.code, ERR_NONE);
		assert_int_equal(a.status, waits[i][9] == '5' ? 503 : 429);
		assert_int_equal(s->requests, 1);
		secret_release(&a.reply);
	}
}

/* That it waits for nothing: nobody is tried again, and no deadline ended. */
TEST(nobody_listening_is_an_error_at_once)
{
	AUTO(batch) b = batch_new();
	struct asker a = { 0 };
	struct asker lines = { .kind = EXCHANGE_LINES, .text = "?\n" };
	struct asker unix_socket = lines;
	const struct asker *all[] = { &a, &lines, &unix_socket };

	connects = 0;
	run(b, "http://127.0.0.1:1", &a);
	run(b, "tcp://127.0.0.1:1", &lines);
	run(b, "/nowhere/a.sock", &unix_socket);
	assert_int_equal(connects, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(all[i]->error.code, ERR_REMOTE);
		assert_null(strstr(all[i]->error.text, "did not answer"));
	}
	assert_non_null(strstr(a.error.text, "http://127.0.0.1:1"));
	/* the same words each time, so that plans compare */
	assert_string_equal(
		a.error.text,
		"cannot talk to 'http://127.0.0.1:1': Connection refused; start what listens there, or correct the address");
	/* and of a socket of this machine, not curl's "localhost port 80" */
	assert_string_equal(
		unix_socket.error.text,
		"cannot talk to '/nowhere/a.sock': No such file or directory; start what makes that socket, or correct its path");
}

TEST(a_deadline_that_ends_is_told_alike)
{
	AUTO(batch) b = batch_new();
	struct server *s =
		server_new((struct server){ .is_silent = true, .answers = { HELLO } }, NULL);
	struct asker http = { .timeout_ms = 1000 };
	struct asker lines = { .kind = EXCHANGE_LINES, .text = "?\n", .timeout_ms = 1000 };

	run(b, s->origin, &http);
	run(b, s->origin, &lines);
	assert_false(http.good);
	assert_non_null(strstr(http.error.text, "' did not answer within 1 seconds"));
	assert_string_equal(http.error.text, lines.error.text);
}

/* 198.51.100.0/24 is for documentation: nothing would ever answer. */
TEST(without_tls_only_this_machine_is_talked_to)
{
	AUTO(batch) b = batch_new();
	struct asker http = { 0 };
	struct asker lines = { .kind = EXCHANGE_LINES, .text = "?\n" };

	run(b, "http://198.51.100.1:80", &http);
	run(b, "tcp://198.51.100.1:80", &lines);
	assert_non_null(strstr(http.error.text, "is not on this machine"));
	assert_non_null(strstr(lines.error.text, "is not on this machine"));
}

TEST(a_proxy_of_the_environment_is_ignored)
{
	AUTO(batch) b = batch_new();
	struct server *s = server_new((struct server){ .answers = { HELLO } }, NULL);
	struct asker a = { 0 };

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	run(b, s->origin, &a);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	assert_int_equal(a.error.code, ERR_NONE);
	assert_int_equal(a.status, 200);
	secret_release(&a.reply);
}

TEST(a_redirect_is_not_followed)
{
	AUTO(batch) b = batch_new();
	struct server *other = server_new((struct server){ .answers = { HELLO } }, NULL);
	static char answer[256];
	struct asker a = { 0 };

	snprintf(answer, sizeof(answer),
		 "HTTP/1.1 307 There\r\nLocation: %s/\r\n"
		 "Content-Length: 0\r\n\r\n",
		 other->origin);

	struct server *s = server_new((struct server){ .answers = { answer } }, NULL);

	run(b, s->origin, &a);
	assert_int_equal(a.status, 307);
	assert_int_equal(other->connections, 0);
	secret_release(&a.reply);
}

TEST(a_reply_has_a_limit)
{
	AUTO(batch) b = batch_new();
	char *much = malloc(2 * EXCHANGE_REPLY_LIMIT + 1);
	struct asker a = { .kind = EXCHANGE_LINES, .text = "?\n" };

	assert_non_null(much);
	memset(much, 'x', 2 * EXCHANGE_REPLY_LIMIT);
	much[2 * EXCHANGE_REPLY_LIMIT] = '\0';

	struct server *s = server_new((struct server){ .lines = true, .answers = { much } }, NULL);

	run(b, s->origin, &a);
	assert_int_equal(a.error.code, ERR_REMOTE);
	assert_non_null(strstr(a.error.text, "more than 1048576 bytes"));
}

TEST(a_bulk_reply_may_be_longer)
{
	AUTO(batch) b = batch_new();
	char *much = malloc(2 * EXCHANGE_REPLY_LIMIT + 1);
	struct asker a = { .kind = EXCHANGE_LINES, .text = "?\n", .bulk = true };

	assert_non_null(much);
	memset(much, 'x', 2 * EXCHANGE_REPLY_LIMIT);
	much[2 * EXCHANGE_REPLY_LIMIT] = '\0';

	struct server *s = server_new((struct server){ .lines = true, .answers = { much } }, NULL);

	run(b, s->origin, &a);
	assert_true(a.good);
	assert_int_equal(a.reply.len, 2 * EXCHANGE_REPLY_LIMIT);
	secret_release(&a.reply);
	free(much);
}

/* In a child, because a stop cannot be taken back; the deadline is far off. */
static int stopped(bool changes)
{
	AUTO(batch) b = batch_new();
	struct server *s = server_new(
		(struct server){ .delay_ms = 0, .is_silent = !changes, .answers = { HELLO } },
		NULL);
	struct asker a = { .times = 1, .changes = changes, .timeout_ms = 10 * PATIENCE_MS };
	int64_t begin = clock_mono_ms();

	stop_install();
	batch_add(b, s->origin, ask, &a);
	if (changes)
		raise(SIGTERM); /* before it was begun */
	else
		alarm(1);
	batch_run(b);
	return a.error.code == ERR_STOPPED && clock_mono_ms() - begin < PATIENCE_MS ? 0 : 1;
}

static void raise_term(int number)
{
	(void)number;
	raise(SIGTERM);
}

TEST(a_stop_cuts_off_what_only_reads_and_begins_nothing)
{
	for (int changes = 0; changes < 2; changes++) {
		int status = 0;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			signal(SIGALRM, raise_term);
			_exit(stopped(changes));
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}
