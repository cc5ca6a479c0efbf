/* SPDX-License-Identifier: Apache-2.0 */
#include "remote_server.h"
#include "sshd_fixture.h"
#include "test.h"

#include "remote/batch.h"
#include "remote/ssh.h"

#include <dlfcn.h>
#include <libssh2.h>

#define END "certfleet-end "

/* libssh2 1.10 forgets a few bytes when it cannot read a key. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:CRYPTO_zalloc\n";
}

/* How much later than the other one the second stream is read. */
static unsigned between_streams_ms;

/* In the place of the library's. */
ssize_t libssh2_channel_read_ex(LIBSSH2_CHANNEL *channel, int stream, char *bytes, size_t len)
{
	ssize_t (*real)(LIBSSH2_CHANNEL *, int, char *, size_t) = (ssize_t(*)(
		LIBSSH2_CHANNEL *, int, char *, size_t))dlsym(RTLD_NEXT, "libssh2_channel_read_ex");

	if (stream == SSH_EXTENDED_DATA_STDERR)
		usleep(between_streams_ms * 1000);
	return real(channel, stream, bytes, len);
}

static struct secret key;
static struct ssh_login login;
static struct batch *batch;

/* One ask, and what became of it. */
struct asked {
	struct ssh_ask ask;
	int64_t timeout_ms;
	bool good;
	struct err error;
};

static void ask_once(void *ctx, struct conversation *c)
{
	struct asked *a = ctx;
	struct exchange x = { .kind = EXCHANGE_SSH, .ssh = &a->ask, .timeout_ms = a->timeout_ms };

	a->error = (struct err){ 0 };
	a->good = batch_request(c, &x, &a->error);
	x.ssh = NULL; /* what was read is looked at afterwards */
	exchange_clear(&x);
}

static struct err ask_for(struct ssh_op *ops, size_t count)
{
	struct asked a = { .ask = { &login, &ssh_arena, ops, count }, .timeout_ms = PATIENCE_MS };

	batch_add(batch, arena_printf(&ssh_arena, "sftp://127.0.0.1:%u", login.port), ask_once, &a);
	batch_run(batch);
	return a.error;
}

static void must_ask(struct ssh_op *ops, size_t count)
{
	struct err e = ask_for(ops, count);

	if (e.code)
		fail_msg("%s", e.text);
}

static void assert_refused(const char *words)
{
	struct ssh_op op = { .kind = SSH_LOOK, .path = "/" };
	struct err e = ask_for(&op, 1);

	assert_int_not_equal(e.code, ERR_NONE);
	if (!strstr(e.text, words))
		fail_msg("no '%s' in: %s", words, e.text);
	assert_int_equal(op.result, SSH_UNTRIED);
}

static void assert_let_in(void)
{
	struct ssh_op op = { .kind = SSH_LOOK, .path = "/" };

	must_ask(&op, 1);
	assert_int_equal(op.result, SSH_DONE);
	assert_true(S_ISDIR(op.found.mode));
}

static void know(const char *format, const char *name)
{
	ssh_file_write("known", arena_printf(&ssh_arena, format, sshd_port, public_half(name)));
}

static void use_key(const char *name)
{
	struct err e = { 0 };

	secret_release(&key);
	assert_true(fs_read_secret(ssh_path(name), 1 << 16, &key, &e));
}

/* All but two tests talk to the same server. */
static int open_test(void **state)
{
	(void)state;
	batch = batch_new();
	if (!sshd_pid)
		return 0;
	know("[127.0.0.1]:%u %s\n", "host_ed25519");
	use_key("id");
	login = (struct ssh_login){ .user = ssh_user(),
				    .host = "127.0.0.1",
				    .port = sshd_port,
				    .key = &key,
				    .known_hosts = ssh_path("known") };
	return 0;
}

static int close_test(void **state)
{
	(void)state;
	batch_free(batch);
	secret_release(&key);
	return 0;
}

static int open_server(void **state)
{
	if (open_ssh_dir(state))
		return -1;
	if (!access(SSHD, X_OK))
		sshd_start(SFTP_SUBSYSTEM);
	return 0;
}

static int open_other_server(void **state, const char *options)
{
	if (!access(SSHD, X_OK)) {
		sshd_stop();
		sshd_start(options);
	}
	return open_test(state);
}

/* ---- files ---- */

TEST_WITH(a_file_is_written_and_read_back, open_test, close_test)
{
	const char *path = ssh_path("new");
	const struct fs_attr attr = { 0640, (uid_t)-1, (gid_t)-1 };
	struct ssh_op ops[] = {
		{ .kind = SSH_WRITE, .path = path, .bytes = "secret", .len = 6, .attr = attr },
		{ .kind = SSH_READ, .path = path },
		{ .kind = SSH_LOOK, .path = path },
	};

	needs_sshd();
	must_ask(ops, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(ops[i].result, SSH_DONE);
	assert_string_equal((char *)ops[1].got.bytes, "secret");
	assert_int_equal(ops[1].found.mode & 07777, 0640);
	assert_int_equal(ops[2].found.owner, geteuid());
	secret_release(&ops[1].got);
}

TEST_WITH(a_file_that_is_there_is_not_written_over, open_test, close_test)
{
	struct ssh_op op = { .kind = SSH_WRITE,
			     .path = ssh_path("kept"),
			     .bytes = "x",
			     .len = 1,
			     .attr = FS_PRIVATE };

	needs_sshd();
	ssh_file_write("kept", "kept");
	must_ask(&op, 1);
	assert_int_equal(op.result, SSH_FAILED);
	assert_non_null(strstr(op.why, "cannot create"));
	assert_string_equal(ssh_file_read("kept"), "kept");
}

TEST_WITH(a_rename_replaces_nothing_and_what_is_removed_is_gone, open_test, close_test)
{
	const struct fs_attr attr = FS_PRIVATE;
	const char *part = ssh_path("part");
	const char *whole = ssh_path("whole");
	struct ssh_op ops[] = {
		{ .kind = SSH_WRITE, .path = part, .bytes = "one", .len = 3, .attr = attr },
		{ .kind = SSH_RENAME, .path = part, .to = whole },
		{ .kind = SSH_WRITE, .path = part, .bytes = "two", .len = 3, .attr = attr },
		{ .kind = SSH_RENAME, .path = part, .to = whole },
		{ .kind = SSH_REMOVE, .path = part },
		{ .kind = SSH_REMOVE, .path = part },
	};

	needs_sshd();
	must_ask(ops, 6);
	assert_int_equal(ops[1].result, SSH_DONE);
	assert_int_equal(ops[3].result, SSH_FAILED);
	assert_non_null(strstr(ops[3].why, "cannot rename"));
	assert_int_equal(ops[4].result, SSH_DONE);
	assert_int_equal(ops[5].result, SSH_ABSENT);
	assert_string_equal(ssh_file_read("whole"), "one");
}

TEST_WITH(what_is_not_there_is_told_apart_from_what_fails, open_test, close_test)
{
	struct ssh_op ops[] = {
		{ .kind = SSH_READ, .path = ssh_path("absent") },
		{ .kind = SSH_READ, .path = ssh_dir },
		{ .kind = SSH_READ, .path = ssh_path("link") },
		{ .kind = SSH_LINK, .path = ssh_path("link") },
		{ .kind = SSH_LOOK, .path = ssh_path("link") },
		{ .kind = SSH_LIST, .path = ssh_path("absent") },
	};

	needs_sshd();
	assert_int_equal(symlink("id", ssh_path("link")), 0);
	must_ask(ops, 6);
	assert_int_equal(ops[0].result, SSH_ABSENT);
	assert_int_equal(ops[1].result, SSH_FAILED);
	assert_int_equal(ops[2].result, SSH_FAILED);
	assert_non_null(strstr(ops[2].why, "not a regular file"));
	assert_string_equal(ops[3].text, "id");
	assert_true(S_ISLNK(ops[4].found.mode));
	assert_int_equal(ops[5].result, SSH_ABSENT);
	unlink(ssh_path("link"));
}

TEST_WITH(a_directory_is_listed, open_test, close_test)
{
	struct ssh_op op = { .kind = SSH_LIST, .path = ssh_path("some") };
	bool saw_directory = false;

	needs_sshd();
	mkdir(ssh_path("some"), 0700);
	ssh_file_write("some/a", "");
	mkdir(ssh_path("some/b"), 0700);
	must_ask(&op, 1);
	assert_int_equal(op.entry_count, 2);
	for (size_t i = 0; i < 2; i++)
		saw_directory |=
			!strcmp(op.entries[i].name, "b") && S_ISDIR(op.entries[i].attr.mode);
	assert_true(saw_directory);
}

TEST_WITH(a_large_file_is_not_read, open_test, close_test)
{
	struct ssh_op op = { .kind = SSH_READ, .path = ssh_path("large") };

	needs_sshd();
	ssh_file_write("large", "");
	assert_int_equal(truncate(op.path, SSH_FILE_LIMIT + 1), 0);
	must_ask(&op, 1);
	assert_int_equal(op.result, SSH_FAILED);
	assert_non_null(strstr(op.why, "too large"));
}

TEST_WITH(as_much_as_is_allowed_is_read_and_written, open_test, close_test)
{
	char *bytes = calloc(1, SSH_FILE_LIMIT);
	struct ssh_op ops[] = {
		{ .kind = SSH_WRITE,
		  .path = ssh_path("most"),
		  .bytes = bytes,
		  .len = SSH_FILE_LIMIT,
		  .attr = FS_PRIVATE },
		{ .kind = SSH_READ, .path = ssh_path("most") },
	};

	needs_sshd();
	assert_non_null(bytes);
	for (size_t i = 0; i < SSH_FILE_LIMIT; i++)
		bytes[i] = (char)(i * 7 + (i >> 8));
	must_ask(ops, 2);
	assert_int_equal(ops[1].got.len, SSH_FILE_LIMIT);
	assert_memory_equal(ops[1].got.bytes, bytes, SSH_FILE_LIMIT);
	secret_release(&ops[1].got);
	free(bytes);
}

/* ---- scripts ---- */

static struct ssh_op script(const char *text)
{
	const char *whole = arena_printf(
		&ssh_arena, "{\nexec 2>&1\ntrap 'printf \"\\n" END "%%s\\n\" \"$?\"' EXIT\n%s\n}\n",
		text);

	return (struct ssh_op){ .kind = SSH_RUN, .bytes = whole, .len = strlen(whole), .end = END };
}

TEST_WITH(a_script_runs_and_its_status_is_known, open_test, close_test)
{
	struct ssh_op ops[] = { script("echo hello"), script("echo oh no >&2; exit 7"),
				script("exit 0") };

	needs_sshd();
	must_ask(ops, 3);
	assert_int_equal(ops[0].result, SSH_DONE);
	assert_string_equal(ops[0].text, "hello\n");
	assert_int_equal(ops[1].result, SSH_FAILED);
	assert_int_equal(ops[1].status, 7);
	assert_non_null(strstr(ops[1].why, "oh no"));
	assert_int_equal(ops[2].result, SSH_DONE);
	assert_string_equal(ops[2].text, "");
}

/* All of it may arrive after one stream was read and before the other. */
TEST_WITH(a_script_that_ends_between_two_reads_is_heard, open_test, close_test)
{
	struct ssh_op op = script("echo hello");

	needs_sshd();
	between_streams_ms = 300;
	must_ask(&op, 1);
	between_streams_ms = 0;
	assert_int_equal(op.status, 0);
	assert_string_equal(op.text, "hello\n");
}

TEST_WITH(what_a_script_leaves_behind_is_not_waited_for, open_test, close_test)
{
	struct ssh_op op = script("sleep 300 & echo $!");
	pid_t left = 0;

	needs_sshd();
	must_ask(&op, 1);
	assert_int_equal(op.result, SSH_DONE);
	left = (pid_t)atoi(op.text);
	assert_true(left > 1);
	/* it is still there */
	assert_int_equal(kill(left, SIGKILL), 0);
}

TEST_WITH(of_much_output_the_end_is_kept, open_test, close_test)
{
	struct ssh_op op =
		script("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo line $i; done; exit 3");

	needs_sshd();
	must_ask(&op, 1);
	assert_int_equal(op.status, 3);
	assert_true(strlen(op.text) <= SSH_OUTPUT_LIMIT);
	assert_non_null(strstr(op.why, "line 20000"));
	assert_true(strlen(op.why) < 300);
}

TEST_WITH(a_script_that_is_killed_has_no_status, open_test, close_test)
{
	struct ssh_op op = script("kill -9 $$");

	needs_sshd();
	must_ask(&op, 1);
	assert_int_equal(op.result, SSH_FAILED);
	assert_int_equal(op.status, -1);
}

/* Line breaks up to the last byte of what is kept, and then the end. */
TEST_WITH(an_end_without_a_status_is_none, open_test, close_test)
{
	struct ssh_op ops[] = {
		script("printf '\\n" END "\\n'; kill -9 $$"),
		script("printf '\\n" END "0 or so\\n'; kill -9 $$"),
		script("head -c 60000 /dev/zero | tr '\\0' '\\n'; printf '" END
		       "9 \\n\\n\\n'; kill -9 $$"),
	};

	needs_sshd();
	for (size_t i = 0; i < 3; i++) {
		must_ask(&ops[i], 1);
		assert_int_equal(ops[i].result, SSH_FAILED);
		assert_int_equal(ops[i].status, -1);
	}
}

TEST_WITH(a_script_that_takes_too_long_is_given_up, open_test, close_test)
{
	struct ssh_op op = script("exec sleep 60");
	struct asked a = { .ask = { &login, &ssh_arena, &op, 1 }, .timeout_ms = 1000 };

	size_t before = 0;

	needs_sshd();
	assert_let_in(); /* so that a login is no part of its time */
	before = logins();
	batch_add(batch, arena_printf(&ssh_arena, "sftp://127.0.0.1:%u", sshd_port), ask_once, &a);
	batch_run(batch);
	assert_non_null(strstr(a.error.text, "did not answer"));
	assert_int_equal(logins(), before);
	assert_let_in(); /* over another connection */
	assert_int_equal(logins(), before + 1);
}

TEST_WITH(what_needs_what_failed_is_not_tried, open_test, close_test)
{
	struct ssh_op ops[] = { script("exit 1"), script("echo never") };

	needs_sshd();
	ops[0].needed = true;
	must_ask(ops, 2);
	assert_int_equal(ops[0].result, SSH_FAILED);
	assert_int_equal(ops[1].result, SSH_UNTRIED);
}

/* ---- connections ---- */

TEST_WITH(a_connection_is_kept, open_test, close_test)
{
	size_t before = 0;

	needs_sshd();
	before = logins();
	for (int i = 0; i < 4; i++)
		assert_let_in();
	assert_int_equal(logins() - before, 1);
}

TEST_WITH(one_host_gets_few_connections_at_once, open_test, close_test)
{
	enum {
		MANY = 12
	};
	struct asked asked[MANY];
	struct ssh_op ops[MANY];
	size_t before = 0;

	needs_sshd();
	before = logins();
	for (int i = 0; i < MANY; i++) {
		ops[i] = script("sleep 0.2");
		asked[i] = (struct asked){ .ask = { &login, &ssh_arena, &ops[i], 1 } };
		batch_add(batch, arena_printf(&ssh_arena, "sftp://127.0.0.1:%u", sshd_port),
			  ask_once, &asked[i]);
	}
	batch_run(batch);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(ops[i].result, SSH_DONE);
	assert_int_equal(logins() - before, BATCH_HOST_LIMIT);
}

TEST_WITH(one_that_was_ended_is_replaced, open_test, close_test)
{
	struct ssh_op op = script("kill $PPID");

	needs_sshd();
	(void)ask_for(&op, 1);
	assert_let_in();
}

TEST_WITH(nobody_there_is_said, open_test, close_test)
{
	login.port = free_port();
	assert_refused("cannot talk to");
}

TEST_WITH(what_is_no_ssh_server_is_refused, open_test, close_test)
{
	struct server *web = server_new(
		(struct server){ .lines = true, .answers = { "HTTP/1.1 400 No\r\n\r\n" } }, NULL);
	struct server *silent =
		server_new((struct server){ .is_silent = true, .answers = { "" } }, NULL);
	struct ssh_op op = { .kind = SSH_LOOK, .path = "/" };
	struct asked a = { .ask = { &login, &ssh_arena, &op, 1 }, .timeout_ms = 1000 };
	struct server *servers[] = { web, silent };

	login.known_hosts = NULL;
	for (size_t i = 0; i < 2; i++) {
		batch_add(batch,
			  arena_printf(&ssh_arena, "sftp://%s",
				       strstr(servers[i]->origin, "://") + 3),
			  ask_once, &a);
		batch_run(batch);
		assert_int_equal(a.error.code, ERR_REMOTE);
		assert_int_equal(op.result, SSH_UNTRIED);
	}
}

/* ---- who is who ---- */

TEST_WITH(a_known_host_is_taken, open_test, close_test)
{
	needs_sshd();
	know("# a comment\n\nsomething else\n[127.0.0.1]:%u %s\n", "host_ed25519");
	assert_let_in();
}

TEST_WITH(it_is_asked_for_the_kind_of_key_that_is_known, open_test, close_test)
{
	needs_sshd();
	know("[127.0.0.1]:%u %s\n", "host_ecdsa");
	assert_let_in();
}

TEST_WITH(lines_may_end_in_many_ways, open_test, close_test)
{
	static const char *const forms[] = { "[127.0.0.1]:%u %s", "[127.0.0.1]:%u %s\r\n",
					     "[127.0.0.1]:%u %s a comment\n",
					     "\n\n[127.0.0.1]:%u %s \n\n" };

	needs_sshd();
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		know(forms[i], "host_ed25519");
		assert_let_in();
		batch_free(batch); /* or the connection is just kept */
		batch = batch_new();
	}
}

TEST_WITH(a_hashed_name_is_found, open_test, close_test)
{
	needs_sshd();
	know("[127.0.0.1]:%u %s\n", "host_ed25519");
	sh(arena_printf(&ssh_arena, "ssh-keygen -H -f %s >%s 2>&1", ssh_path("known"),
			ssh_path("hashing")));
	assert_null(strstr(ssh_file_read("known"), "127.0.0.1"));
	assert_let_in();
}

TEST_WITH(an_unknown_host_is_refused_with_what_it_shows, open_test, close_test)
{
	needs_sshd();
	know("[127.0.0.2]:%u %s\n", "host_ed25519");
	sh(arena_printf(&ssh_arena, "ssh-keygen -lf %s | cut -d' ' -f2 >%s",
			ssh_path("host_ed25519.pub"), ssh_path("print")));
	ssh_file_write("print", strtok(ssh_file_read("print"), "\n"));
	assert_refused(ssh_file_read("print"));
	assert_refused("not known");
	login.known_hosts = NULL;
	assert_refused("not known");
	login.known_hosts = ssh_path("nowhere");
	assert_refused("cannot read the known SSH hosts");
}

TEST_WITH(a_changed_host_is_refused, open_test, close_test)
{
	needs_sshd();
	know("[127.0.0.1]:%u %s\n", "id");
	assert_refused("it was changed");
}

TEST_WITH(a_revoked_key_is_refused, open_test, close_test)
{
	needs_sshd();
	ssh_file_write("known",
		       arena_printf(&ssh_arena, "[127.0.0.1]:%u %s\n@revoked * %s\n", sshd_port,
				    public_half("host_ed25519"), public_half("host_ed25519")));
	assert_refused("revoked");
	ssh_file_write("known",
		       arena_printf(&ssh_arena, "[127.0.0.1]:%u %s\n@revoked * %s\n", sshd_port,
				    public_half("host_ed25519"), public_half("id")));
	assert_let_in();
}

TEST_WITH(a_pinned_key_is_the_only_one, open_test, close_test)
{
	needs_sshd();
	sh(arena_printf(&ssh_arena, "ssh-keygen -lf %s | cut -d' ' -f2 >%s",
			ssh_path("host_ed25519.pub"), ssh_path("print")));
	login.known_hosts = NULL;
	login.host_key = strtok(ssh_file_read("print"), "\n");
	assert_let_in();
	login.host_key = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	assert_refused("not the pinned");
	/* what known_hosts says does not help */
	login.known_hosts = ssh_path("known");
	know("[127.0.0.1]:%u %s\n", "host_ed25519");
	assert_refused("not the pinned");
}

TEST_WITH(keys_of_many_forms_are_taken, open_test, close_test)
{
	static const struct {
		const char *options;
		bool encrypted;
	} rows[] = {
		{ "-t ed25519 -N ''", false },        { "-t ecdsa -N ''", false },
		{ "-t ecdsa -b 521 -N ''", false },   { "-t ecdsa -m PEM -N ''", false },
		{ "-t ecdsa -m PKCS8 -N ''", false }, { "-t ed25519 -N 'right one'", true },
		{ "-t ecdsa -N 'right one'", true },  { "-t ecdsa -m PKCS8 -N 'right one'", true },
	};
	const struct secret right = { (unsigned char *)"right one", 9 };
	const struct secret wrong = { (unsigned char *)"wrong one", 9 };
	char all[8192] = "";

	needs_sshd();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *name = arena_printf(&ssh_arena, "key%zu", i);

		make_key(name, rows[i].options);
		strcat(strcat(all, public_half(name)), "\n");
		ssh_file_write("authorized", all);
		use_key(name);
		login.passphrase = rows[i].encrypted ? &right : NULL;
		assert_let_in();
		batch_free(batch); /* or the connection is just kept */
		batch = batch_new();
		if (!rows[i].encrypted)
			continue;
		login.passphrase = &wrong;
		assert_refused("passphrase");
		login.passphrase = NULL;
		assert_refused("passphrase");
	}
	ssh_file_write("authorized", ssh_file_read("id.pub"));
}

TEST_WITH(a_stranger_is_refused, open_test, close_test)
{
	needs_sshd();
	use_key("host_ecdsa");
	assert_refused("authorized_keys");
	ssh_file_write("garbage", "no key\n");
	use_key("garbage");
	assert_refused("SSH key cannot be used");
	login.user = "nobody-of-that-name";
	use_key("id");
	assert_refused("refuses user 'nobody-of-that-name'");
}

static size_t count_in_log(const char *words)
{
	size_t count = 0;

	for (const char *at = ssh_file_read("log"); (at = strstr(at, words)); at++)
		count++;
	return count;
}

/* Conversations with the same login. */
enum {
	LOGINS_AT_ONCE = 8
};

static void ask_at_once(struct asked *asked, struct ssh_op *ops, const char *origin)
{
	for (int i = 0; i < LOGINS_AT_ONCE; i++) {
		ops[i] = (struct ssh_op){ .kind = SSH_LOOK, .path = "/" };
		asked[i] = (struct asked){ .ask = { &login, &ssh_arena, &ops[i], 1 } };
		batch_add(batch, origin, ask_once, &asked[i]);
	}
	batch_run(batch);
}

TEST_WITH(x2_a_refused_login_is_tried_once, open_test, close_test)
{
	struct asked asked[LOGINS_AT_ONCE];
	struct ssh_op ops[LOGINS_AT_ONCE];
	size_t before = 0;

	needs_sshd();
	use_key("host_ecdsa");
	before = count_in_log("Connection closed by authenticating user");
	ask_at_once(asked, ops, arena_printf(&ssh_arena, "sftp://127.0.0.1:%u", sshd_port));
	for (int i = 0; i < LOGINS_AT_ONCE; i++) {
		assert_int_equal(asked[i].error.code, ERR_REMOTE);
		assert_non_null(strstr(asked[i].error.text, "authorized_keys"));
	}
	for (int i = 0; i < PATIENCE_MS / 50 &&
			count_in_log("Connection closed by authenticating user") == before;
	     i++)
		clock_sleep_ms(50);
	assert_int_equal(count_in_log("Connection closed by authenticating user"), before + 1);
	use_key("id"); /* another login is not meant by that */
	assert_let_in();
}

/* What sshd says to whom it does not talk to, and nothing at all. */
TEST_WITH(x2_one_that_is_dropped_is_tried_again_then_refused, open_test, close_test)
{
	static const char *const words[] = { "Not allowed at this time\r\n", "" };

	for (size_t i = 0; i < 2; i++) {
		struct server *s =
			server_new((struct server){ .lines = true, .answers = { words[i] } }, NULL);
		struct ssh_op ops[2] = { { .kind = SSH_LOOK, .path = "/" },
					 { .kind = SSH_LOOK, .path = "/" } };
		struct asked asked[2];
		const char *origin =
			arena_printf(&ssh_arena, "sftp://%s", strstr(s->origin, "://") + 3);

		for (size_t k = 0; k <= i; k++) {
			asked[k] = (struct asked){ .ask = { &login, &ssh_arena, &ops[k], 1 },
						   .timeout_ms = 7000 };
			batch_add(batch, origin, ask_once, &asked[k]);
		}
		batch_run(batch);
		for (size_t k = 0; k <= i; k++)
			assert_non_null(strstr(asked[k].error.text, "refused the connection"));
		/* after 0, 0.5, 1.5 and 3.5 s, by one of them for both */
		assert_in_range(s->connections, 2, 4);
	}
}

/* ---- servers that do not offer all ---- */

static int open_sftp_only(void **state)
{
	return open_other_server(state, SFTP_SUBSYSTEM "\nForceCommand internal-sftp");
}

TEST_WITH(where_no_command_is_run_files_can_still_be_seen, open_sftp_only, close_test)
{
	struct ssh_op ops[] = { script("echo hello"), { .kind = SSH_LOOK, .path = "/" } };

	needs_sshd();
	must_ask(ops, 2);
	assert_int_equal(ops[0].result, SSH_FAILED);
	assert_int_equal(ops[0].status, -1);
	assert_int_equal(ops[1].result, SSH_DONE);
}

static int open_without_sftp(void **state)
{
	return open_other_server(state, "");
}

TEST_WITH(without_sftp_it_is_said, open_without_sftp, close_test)
{
	needs_sshd();
	assert_refused("use SFTP there");
}

static int open_impatient(void **state)
{
	return open_other_server(state,
				 SFTP_SUBSYSTEM "\nClientAliveInterval 1\nClientAliveCountMax 1");
}

/* It asked first whether we are there, which is still to be read. */
TEST_WITH(one_that_was_given_up_is_replaced, open_impatient, close_test)
{
	struct ssh_op ops[] = { { .kind = SSH_LOOK, .path = "/" },
				{ .kind = SSH_LOOK, .path = "/" } };
	size_t before = 0;

	needs_sshd();
	before = logins();
	must_ask(&ops[0], 1);
	for (int i = 0; i < PATIENCE_MS / 100 && !strstr(ssh_file_read("log"), "not responding");
	     i++)
		clock_sleep_ms(100);
	must_ask(&ops[1], 1);
	assert_int_equal(ops[1].result, SSH_DONE);
	assert_int_equal(logins() - before, 2);
}

TEST_GROUP(open_server, close_ssh_dir)
