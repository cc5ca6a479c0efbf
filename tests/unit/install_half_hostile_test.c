/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compromised network half: it can withhold orders, but neither forge,
 * replay nor reorder a change, and the installing half survives it or ends
 * cleanly.
 */
#include "install_half_fixture.h"
#include "test.h"

#include <gnutls/gnutls.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

/* ---- everything that is there ---- */

static struct buf picture;

static int add_to_picture(const char *path, const struct stat *st, int type, struct FTW *at)
{
	struct err e = { 0 };
	char target[300];
	ssize_t len = 0;

	(void)at;
	buf_printf(&picture, "%s %o %d\n", path, st->st_mode, type);
	if (S_ISREG(st->st_mode))
		must(fs_read(path, 1 << 20, &picture, &e), &e);
	if (S_ISLNK(st->st_mode)) {
		len = readlink(path, target, sizeof(target));
		buf_add(&picture, target, len > 0 ? (size_t)len : 0);
	}
	return 0;
}

/* Every path with its bytes; in the arena. */
static const char *take_picture(void)
{
	char digest[SHA256_TEXT];

	buf_release(&picture);
	picture = (struct buf){ 0 };
	nftw(root, add_to_picture, 16, FTW_PHYS);
	sha256_text(picture.data, picture.len, digest);
	return arena_strdup(&test_arena, digest);
}

static const struct install *site(void)
{
	return &component("edge/e1")->install;
}

static struct order_record told(const char *name)
{
	struct order_record r;
	struct err e = { 0 };

	must(order_log_read(&config, name, &test_arena, &r, &e), &e);
	return r;
}

/* ---- a history of orders ---- */

enum {
	STAGE_A,
	COMMIT_A,
	ACTIVATE_A,
	STAGE_B,
	COMMIT_B,
	ACTIVATE_B,
	REVERT_TO_A,
	ACTIVATE_A_AGAIN,
	HISTORY
};

/* A delivery, another one, and its roll back. */
static void record_history(struct recorded history[HISTORY])
{
	static const struct {
		enum order_action action;
		int64_t sequence;
		bool is_b;
	} rows[HISTORY] = {
		[STAGE_A] = { ORDER_STAGE, 1, false },
		[COMMIT_A] = { ORDER_COMMIT, 1, false },
		[ACTIVATE_A] = { ORDER_ACTIVATE, 1, false },
		[STAGE_B] = { ORDER_STAGE, 2, true },
		[COMMIT_B] = { ORDER_COMMIT, 2, true },
		[ACTIVATE_B] = { ORDER_ACTIVATE, 2, true },
		[REVERT_TO_A] = { ORDER_REVERT, 3, false },
		[ACTIVATE_A_AGAIN] = { ORDER_ACTIVATE, 3, false },
	};

	for (int i = 0; i < HISTORY; i++) {
		struct order o = order_to(rows[i].action);
		const struct pair *p = rows[i].is_b ? &new_pair : &old_pair;

		o.sequence = rows[i].sequence;
		o.replaces = NULL;
		if (i == COMMIT_B)
			o.replaces = old_pair.facts.fingerprint;
		if (i == REVERT_TO_A)
			o.replaces = new_pair.facts.fingerprint;
		name_pair(&o, p);
		record_as(&history[i], OPS, &o, rows[i].action == ORDER_STAGE ? p : NULL);
	}
}

static void forget_history(struct recorded history[HISTORY])
{
	for (int i = 0; i < HISTORY; i++)
		secret_release(&history[i].body);
}

static void play(struct half *h, const struct recorded *history, int count)
{
	for (int i = 0; i < count; i++) {
		struct reply r = replay(h, &history[i]);

		if (r.status != 200)
			fail_msg("order %d: %s", i, r.text);
	}
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static void shuffle(int *list, int count, unsigned *seed)
{
	for (int i = count - 1; i > 0; i--) {
		int k = (int)(next_random(seed) % (unsigned)(i + 1));
		int kept = list[i];

		list[i] = list[k];
		list[k] = kept;
	}
}

/* ---- replay ---- */

/* Whatever comes again, in whatever order, after `done` of the history. */
static void nothing_comes_of(struct half *h, const struct recorded *history, int done)
{
	const char *before = take_picture();
	unsigned seed = (unsigned)done;
	int list[HISTORY];

	for (int round = 0; round < 6; round++) {
		for (int i = 0; i < done; i++)
			list[i] = i;
		shuffle(list, done, &seed);
		for (int i = 0; i < done; i++)
			(void)replay(h, &history[list[i]]);
	}
	assert_string_equal(take_picture(), before);
}

TEST(what_was_recorded_changes_nothing_afterwards)
{
	struct recorded history[HISTORY];
	struct half h = half_begin();

	record_history(history);
	for (int done = 1; done <= HISTORY; done++) {
		play(&h, &history[done - 1], 1);
		nothing_comes_of(&h, history, done);
	}
	assert_installed(site(), &old_pair);
	assert_int_equal(activations(), 3);
	assert_int_equal(told("edge/e1").sequence, 3);
	forget_history(history);
	half_leave(&h);
}

TEST(an_older_commit_is_stale_after_a_newer_one)
{
	struct recorded history[HISTORY];
	struct half h = half_begin();

	record_history(history);
	play(&h, history, ACTIVATE_B + 1);
	assert_string_equal(replay(&h, &history[STAGE_A]).problem, "stale-order");
	assert_string_equal(replay(&h, &history[COMMIT_A]).problem, "stale-order");
	assert_string_equal(replay(&h, &history[ACTIVATE_A]).problem, "stale-order");
	/* the same commit twice is fine */
	assert_int_equal(replay(&h, &history[COMMIT_B]).status, 200);
	assert_installed(site(), &new_pair);
	forget_history(history);
	half_leave(&h);
}

/* ---- reorder ---- */

/* Which pair an order of the history puts there; NULL: none. */
static const struct pair *pair_put_by(int which)
{
	if (which == COMMIT_A || which == REVERT_TO_A)
		return &old_pair;
	return which == COMMIT_B ? &new_pair : NULL;
}

/*
 * All of it was withheld and comes in any order: what is carried out never
 * has a lower number than what was before, and each activation runs once.
 */
static void play_in_order(const int *list)
{
	struct recorded history[HISTORY];
	struct half h = half_begin();
	const struct pair *put = NULL;
	int64_t highest = 0;
	unsigned ran = 0;

	record_history(history);
	for (int i = 0; i < HISTORY; i++) {
		const struct recorded *r = &history[list[i]];

		if (replay(&h, r).status != 200)
			continue;
		if (r->sequence < highest)
			fail_msg("order %d came after %d", (int)r->sequence, (int)highest);
		highest = r->sequence;
		ran += r->route == ROUTE_ACTIVATE;
		if (pair_put_by(list[i]))
			put = pair_put_by(list[i]);
	}
	assert_int_equal(activations(), ran);
	assert_true(told("edge/e1").sequence >= highest);
	assert_installed(site(), put);
	forget_history(history);
	half_leave(&h);
}

TEST(orders_that_were_withheld_come_in_no_other_order)
{
	unsigned seed = 1;
	int list[HISTORY];

	for (int i = 0; i < HISTORY; i++)
		list[i] = i;
	for (int round = 0; round < 25; round++) {
		play_in_order(list);
		close_agent(state);
		open_agent(state);
		shuffle(list, HISTORY, &seed);
	}
}

/* The operator has given it up; the network half has kept the commit. */
TEST(what_was_taken_back_stays_so)
{
	struct order o = order_to(ORDER_STAGE);
	struct recorded stage = { 0 };
	struct recorded commit = { 0 };
	struct half h = half_begin();
	const char *before = NULL;

	record_as(&stage, OPS, &o, &new_pair);
	o = order_to(ORDER_COMMIT);
	record_as(&commit, OPS, &o, NULL);
	assert_int_equal(replay(&h, &stage).status, 200);
	o = order_to(ORDER_ABORT);
	assert_int_equal(order(&h, &o, NULL).status, 200);
	before = take_picture();
	assert_string_equal(replay(&h, &stage).problem, "stale-order");
	assert_string_equal(replay(&h, &commit).problem, "stale-order");
	assert_string_equal(take_picture(), before);
	assert_installed(site(), NULL);
	secret_release(&stage.body);
	secret_release(&commit.body);
	half_leave(&h);
}

TEST(another_states_older_order_is_not_adopted_again)
{
	struct order theirs = order_to(ORDER_STAGE);
	struct order ours = order_to(ORDER_STAGE);
	struct recorded stage = { 0 };
	struct recorded commit = { 0 };
	struct half h = half_begin();

	theirs.lineage = OTHER_LINEAGE;
	theirs.adopt = true;
	theirs.replaces = NULL;
	theirs.expires -= 10;
	name_pair(&theirs, &old_pair);
	record_as(&stage, OPS, &theirs, &old_pair);
	theirs.action = ORDER_COMMIT;
	theirs.pair = NULL;
	record_as(&commit, OPS, &theirs, NULL);
	assert_int_equal(replay(&h, &stage).status, 200);
	assert_int_equal(replay(&h, &commit).status, 200);
	ours.adopt = true;
	ours.replaces = old_pair.facts.fingerprint;
	assert_int_equal(order(&h, &ours, &new_pair).status, 200);
	ours.action = ORDER_COMMIT;
	ours.pair = NULL;
	assert_int_equal(order(&h, &ours, NULL).status, 200);
	assert_string_equal(replay(&h, &stage).problem, "stale-order");
	assert_string_equal(replay(&h, &commit).problem, "stale-order");
	assert_installed(site(), &new_pair);
	secret_release(&stage.body);
	secret_release(&commit.body);
	half_leave(&h);
}

TEST(an_activation_that_failed_is_not_run_over_and_over)
{
	struct order o = order_to(ORDER_STAGE);
	struct recorded activate = { 0 };
	struct half h = half_begin();

	o.component = "breaks";
	assert_int_equal(order(&h, &o, &new_pair).status, 200);
	o.action = ORDER_COMMIT;
	o.pair = NULL;
	assert_int_equal(order(&h, &o, NULL).status, 200);
	o.action = ORDER_ACTIVATE;
	record_as(&activate, OPS, &o, NULL);
	for (int i = 0; i < 5; i++)
		assert_string_equal(replay(&h, &activate).problem, "failed");
	assert_int_equal(activations(), 1);
	secret_release(&activate.body);
	half_leave(&h);
}

/* ---- forge ---- */

static void refused(struct half *h, enum who who, const struct order *o, const struct pair *p)
{
	const char *before = take_picture();
	struct recorded r = { 0 };
	struct reply got;

	record_as(&r, who, o, p);
	got = replay(h, &r);
	secret_release(&r.body);
	if (got.status < 400)
		fail_msg("carried out: %s", o->component);
	assert_string_equal(take_picture(), before);
}

TEST(nobody_else_can_make_an_order)
{
	static const enum who others[] = { STRANGER, SERVER, FORMER, UNLISTED };
	struct half h = half_begin();

	for (size_t i = 0; i < 4; i++) {
		struct order o = order_to(ORDER_STAGE);

		refused(&h, others[i], &o, &new_pair);
	}
	half_leave(&h);
}

TEST(orders_of_another_agent_or_component_do_nothing)
{
	struct order o = order_to(ORDER_STAGE);
	struct recorded r = { 0 };
	struct half h = half_begin();
	const char *before = NULL;

	o.agent = next_pair.facts.spki;
	refused(&h, OPS, &o, &new_pair);
	o = order_to(ORDER_STAGE);
	record_as(&r, OPS, &o, &new_pair);
	before = take_picture();
	r.component = "breaks";
	assert_string_equal(replay(&h, &r).problem, "bad-request");
	r.component = "edge/e1";
	for (unsigned route = ROUTE_COMMIT; route < ROUTE_COUNT; route++) {
		r.route = route;
		assert_string_equal(replay(&h, &r).problem, "bad-request");
	}
	assert_string_equal(take_picture(), before);
	secret_release(&r.body);
	half_leave(&h);
}

/* What it says goes with an order is what was signed, or nothing. */
TEST(the_pair_cannot_be_exchanged_on_the_way)
{
	struct pair mixed = new_pair;
	struct order o = order_to(ORDER_STAGE);
	struct half h = half_begin();

	refused(&h, OPS, &o, &old_pair);
	refused(&h, OPS, &o, NULL);
	mixed.key = old_pair.key;
	refused(&h, OPS, &o, &mixed);
	mixed = new_pair;
	mixed.set.anchor = operators.set.certs[0];
	refused(&h, OPS, &o, &mixed);
	half_leave(&h);
}

TEST(every_byte_of_a_request_counts)
{
	struct order o = order_to(ORDER_COMMIT);
	struct order stage = order_to(ORDER_STAGE);
	struct recorded r = { 0 };
	struct half h = half_begin();
	const char *before = NULL;
	unsigned seed = 3;

	assert_int_equal(order(&h, &stage, &new_pair).status, 200);
	record_as(&r, OPS, &o, NULL);
	before = take_picture();
	for (int i = 0; i < 150; i++) {
		size_t at = next_random(&seed) % r.body.len;
		unsigned char kept = r.body.bytes[at];

		r.body.bytes[at] = (unsigned char)(kept ^ (1 + next_random(&seed) % 255));
		assert_true(replay(&h, &r).status >= 400);
		r.body.bytes[at] = kept;
	}
	assert_string_equal(take_picture(), before);
	assert_int_equal(replay(&h, &r).status, 200);
	secret_release(&r.body);
	half_leave(&h);
}

static bool signs(struct half *h, int algorithm, bool hashed, const char *text)
{
	AUTO(message) question = { .kind = MESSAGE_SIGN };
	AUTO(message) answer = { 0 };
	struct fields f = fields_begin(&question.body, 24 + strlen(text));

	fields_put_number(&f, 1);
	fields_put_number(&f, (uint64_t)(int64_t)algorithm);
	fields_put_number(&f, hashed);
	fields_put(&f, text, strlen(text));
	answer = ask_handshake(h, &question);
	return answer.body.len > 0;
}

TEST(the_agents_key_signs_no_text_of_its_choice)
{
	struct half h = half_begin();

	assert_false(signs(&h, GNUTLS_SIGN_ECDSA_SHA256, false, ORDER_PURPOSE "{}"));
	assert_false(signs(&h, GNUTLS_SIGN_ECDSA_SHA256, true, "too short"));
	assert_false(signs(&h, -7, true, "12345678901234567890123456789012"));
	assert_false(signs(&h, 1 << 30, false, ""));
	assert_int_equal(ask_revision(&h), 1);
	half_leave(&h);
}

/* ---- much ---- */

/* Kilobytes that a process has in memory. */
static size_t resident_kb(pid_t pid)
{
	char path[64];
	char line[128];
	size_t kb = 0;
	FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %zu", &kb) == 1)
			break;
	fclose(f);
	return kb;
}

/* It asks, and never reads what is answered. */
TEST(s13_answers_that_nobody_reads_do_not_fill_it)
{
	struct half h = half_begin();
	struct pollfd full = { h.handshakes.fd, POLLOUT, 0 };
	size_t before = 0;
	size_t asked = 0;

	assert_int_equal(ask_revision(&h), 1);
	before = resident_kb(h.pid);
	for (; asked < 200000 && poll(&full, 1, 500) > 0; asked++) {
		const struct ipc_header question = { MESSAGE_IDENTITY, 1, 0 };

		if (send(h.handshakes.fd, &question, sizeof(question),
			 MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof(question))
			break;
	}
	assert_true(asked < 200000);
	assert_true(resident_kb(h.pid) - before < 16 * 1024);
	half_leave(&h);
}

TEST(s13_a_long_name_is_neither_taken_nor_told)
{
	struct half h = half_begin();
	char name[300];
	struct reply r;

	memset(name, 1, sizeof(name));
	name[MESSAGE_NAME_LIMIT] = '\0';
	r = ask(&h, ROUTE_COMPONENT, name, NULL);
	assert_string_equal(r.problem, "unknown-component");
	assert_true(strlen(r.text) < 2 * 1024);
	name[MESSAGE_NAME_LIMIT] = 1;
	name[MESSAGE_NAME_LIMIT + 1] = '\0';
	post_request(&h, ROUTE_COMPONENT, name, NULL);
	assert_int_equal(half_wait(&h), ENDED_NONSENSE);
}

/* ---- nonsense ---- */

static void send_raw(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	while (len && clock_mono_ms() < end_ms) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			continue;
		if (n < 0)
			return;
		at += n;
		len -= (size_t)n;
	}
}

static void ends_by(int which, const void *bytes, size_t len)
{
	const char *before = take_picture();
	struct half h = half_begin();
	int end = 0;

	send_raw(which ? h.handshakes.fd : h.requests.fd, bytes, len);
	shutdown(h.requests.fd, SHUT_WR);
	shutdown(h.handshakes.fd, SHUT_WR);
	end = half_wait(&h);
	assert_true(end == ENDED_ALONE || end == ENDED_NONSENSE);
	assert_string_equal(take_picture(), before);
}

TEST(noise_ends_it_cleanly)
{
	unsigned char noise[3000];

	for (int i = 0; i < 40; i++) {
		size_t len = 1 + (size_t)(i * 70);

		assert_int_equal(getrandom(noise, len, 0), len);
		ends_by(i % 2, noise, len);
	}
}

TEST(headers_that_make_no_sense_end_it_cleanly)
{
	static const struct ipc_header headers[] = {
		{ 0, 0, 0 },
		{ MESSAGE_REQUEST, 1, 0 },
		{ MESSAGE_REQUEST, 1, UINT32_MAX },
		{ MESSAGE_REQUEST, 1, REQUEST_LIMIT },
		{ MESSAGE_REQUEST, 1, 2 * REQUEST_LIMIT },
		{ MESSAGE_ANSWER, 1, 0 },
		{ MESSAGE_SIGN, 1, 0 },
		{ MESSAGE_SIGN, 1, 8 },
		{ MESSAGE_HELLO, 1, 0 },
		{ UINT32_MAX, UINT32_MAX, 0 },
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		ends_by(0, &headers[i], sizeof(headers[i]));
		ends_by(1, &headers[i], sizeof(headers[i]));
		ends_by(0, &headers[i], 7);
	}
}

TEST(requests_that_make_no_sense_end_it_cleanly)
{
	static const uint64_t numbers[][2] = {
		{ ROUTE_HEALTH, 0 },
		{ ROUTE_COUNT, 0 },
		{ UINT64_MAX, 0 },
		{ ROUTE_COMPONENT, 1 },
		{ ROUTE_COMPONENT, 17 },
		{ ROUTE_COMPONENT, UINT64_MAX },
		{ ROUTE_COMMIT, SIZE_MAX - 15 },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		struct {
			struct ipc_header h;
			uint64_t numbers[2];
		} m = { { MESSAGE_REQUEST, 1, 16 }, { numbers[i][0], numbers[i][1] } };
		char bytes[sizeof(m.h) + 16];

		memcpy(bytes, &m.h, sizeof(m.h));
		memcpy(bytes + sizeof(m.h), m.numbers, 16);
		ends_by(0, bytes, sizeof(bytes));
	}
}

TEST(a_name_is_only_a_name)
{
	static const char *const names[] = { "",     "../../etc", "edge/e1\n", "EDGE/E1",
					     "edge", "\xff\xfe",  "%s%n" };
	struct half h = half_begin();
	const char *before = take_picture();

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (unsigned r = ROUTE_COMPONENT; r < ROUTE_COUNT; r++)
			assert_string_equal(ask(&h, r, names[i], NULL).problem,
					    "unknown-component");
	assert_string_equal(take_picture(), before);
	half_leave(&h);
}

TEST(bodies_that_make_no_sense_are_refused)
{
	struct half h = half_begin();
	const char *before = take_picture();
	unsigned seed = 9;

	for (int i = 0; i < 40; i++) {
		AUTO(secret) body = { 0 };

		secret_alloc(&body, next_random(&seed) % 5000);
		for (size_t k = 0; k < body.len; k++)
			body.bytes[k] = (unsigned char)next_random(&seed);
		assert_string_equal(ask(&h, ROUTE_STAGE, "edge/e1", &body).problem, "bad-request");
	}
	assert_string_equal(take_picture(), before);
	half_leave(&h);
}

/* ---- standing in the way ---- */

TEST(half_a_message_does_not_hold_it_up)
{
	const struct ipc_header h1 = { MESSAGE_REQUEST, 1, 1000 };
	struct half h = half_begin();

	send_raw(h.requests.fd, &h1, sizeof(h1));
	send_raw(h.requests.fd, "abc", 3);
	for (int i = 0; i < 50; i++)
		assert_int_equal(ask_revision(&h), 1);
	kill(h.pid, SIGTERM);
	assert_int_equal(half_wait(&h), ENDED_AS_ASKED);
}

static long memory_of(pid_t pid)
{
	char path[64];
	char text[256] = "";
	long pages = 0;
	FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	f = fopen(path, "r");
	if (f && fgets(text, sizeof(text), f) && sscanf(text, "%*d %ld", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (getpagesize() / 1024);
}

/* It asks and asks, and never reads an answer. */
TEST(answers_that_nobody_reads_are_bounded)
{
	struct half h = half_begin();
	long before = 0;

	assert_int_equal(ask_revision(&h), 1);
	before = memory_of(h.pid);
	for (int i = 0; i < 20000; i++)
		post_request(&h, ROUTE_COMPONENT, "edge/e1", NULL);
	clock_sleep_ms(300);
	assert_true(h.requests.waiting > 0);
	assert_int_equal(ask_revision(&h), 1);
#ifndef __SANITIZE_ADDRESS__
	assert_true(memory_of(h.pid) < before + 4096);
#else
	(void)before;
#endif
	half_leave(&h);
}

TEST(all_its_questions_are_answered_in_the_end)
{
	enum {
		MANY = 1000
	};
	struct half h = half_begin();
	bool answered[MANY + 1] = { false };

	for (int i = 0; i < MANY; i++)
		post_request(&h, i % 10 ? ROUTE_COMPONENT : ROUTE_COMPONENTS, "edge/e1", NULL);
	for (int i = 0; i < MANY; i++) {
		struct reply r = read_reply(&h);

		assert_true(r.status == 200 || !strcmp(r.problem, "busy"));
		assert_true(r.number <= MANY && !answered[r.number]);
		answered[r.number] = true;
	}
	half_leave(&h);
}

static int drop_all(void **state)
{
	buf_release(&picture);
	return drop_signatories(state);
}

TEST_EACH(open_agent, close_agent)
TEST_GROUP(make_signatories, drop_all)
