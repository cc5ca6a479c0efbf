/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc.h"
#include "test.h"

#include "base/clock.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct ends {
	struct ipc a;
	struct ipc b;
};

static int open_ends(void **state)
{
	struct ends *n = calloc(1, sizeof(*n));
	struct err e = { 0 };
	int fds[2];

	if (!n || !ipc_pair(fds, &e))
		return -1;
	n->a = ipc_of(fds[0]);
	n->b = ipc_of(fds[1]);
	*state = n;
	return 0;
}

static int close_ends(void **state)
{
	struct ends *n = *state;

	ipc_release(&n->a);
	ipc_release(&n->b);
	free(n);
	return 0;
}

static void post(struct ipc *c, uint32_t number, size_t len)
{
	AUTO(message) m = { .kind = MESSAGE_REQUEST, .number = number };
	struct err e = { 0 };

	secret_alloc(&m.body, len);
	memset(m.body.bytes, (int)number, len);
	must(ipc_post(c, &m, &e), &e);
	assert_null(m.body.bytes);
}

static bool take(struct ipc *c, struct message *m)
{
	struct err e = { 0 };
	bool whole = false;

	must(ipc_take(c, m, &whole, &e), &e);
	return whole;
}

static void flush(struct ipc *c)
{
	struct err e = { 0 };

	must(ipc_flush(c, &e), &e);
}

TEST_WITH(messages_come_in_order, open_ends, close_ends)
{
	struct ends *n = *state;

	for (uint32_t i = 1; i < 20; i++)
		post(&n->a, i, i % 3 ? i * 100 : 0);
	for (uint32_t i = 1; i < 20; i++) {
		AUTO(message) m = { 0 };

		assert_true(take(&n->b, &m));
		assert_int_equal(m.kind, MESSAGE_REQUEST);
		assert_int_equal(m.number, i);
		assert_int_equal(m.body.len, i % 3 ? i * 100 : 0);
		for (size_t k = 0; k < m.body.len; k++)
			assert_int_equal(m.body.bytes[k], i);
	}
}

TEST_WITH(nothing_there_is_no_message, open_ends, close_ends)
{
	struct ends *n = *state;
	AUTO(message) m = { 0 };

	assert_false(take(&n->b, &m));
	assert_null(m.body.bytes);
}

/* More than the kernel holds: nobody waits for anybody. */
TEST_WITH(what_does_not_fit_is_sent_later, open_ends, close_ends)
{
	enum {
		MANY = 5,
		BIG = 1000 * 1000
	};
	struct ends *n = *state;
	uint32_t got = 0;

	for (uint32_t i = 1; i <= MANY; i++)
		post(&n->a, i, BIG);
	assert_true(n->a.waiting > 0);
	for (int turns = 0; got < MANY; turns++) {
		AUTO(message) m = { 0 };

		assert_true(turns < 10000);
		flush(&n->a);
		if (!take(&n->b, &m))
			continue;
		got++;
		assert_int_equal(m.number, got);
		assert_int_equal(m.body.len, BIG);
		assert_int_equal(m.body.bytes[BIG - 1], got);
	}
	assert_int_equal(n->a.waiting, 0);
	assert_null(n->a.queue);
}

TEST_WITH(a_message_may_come_byte_by_byte, open_ends, close_ends)
{
	struct ends *n = *state;
	const struct ipc_header h = { MESSAGE_ANSWER, 9, 3 };
	char bytes[sizeof(h) + 3];

	memcpy(bytes, &h, sizeof(h));
	memcpy(bytes + sizeof(h), "abc", 3);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		AUTO(message) m = { 0 };
		bool last = i + 1 == sizeof(bytes);

		assert_int_equal(send(n->a.fd, bytes + i, 1, 0), 1);
		assert_int_equal(take(&n->b, &m), last);
		if (last)
			assert_memory_equal(m.body.bytes, "abc", 3);
	}
}

static void refuses_next(struct ipc *c, enum err_code code, const char *words)
{
	AUTO(message) m = { 0 };
	struct err e = { 0 };
	bool whole = false;

	assert_false(ipc_take(c, &m, &whole, &e));
	assert_int_equal(e.code, code);
	assert_non_null(strstr(e.text, words));
	assert_null(m.body.bytes);
}

TEST_WITH(a_huge_length_is_refused_at_once, open_ends, close_ends)
{
	struct ends *n = *state;
	const struct ipc_header h = { MESSAGE_REQUEST, 1, 2 * 1024 * 1024 };

	assert_int_equal(send(n->a.fd, &h, sizeof(h), 0), sizeof(h));
	refuses_next(&n->b, ERR_REMOTE, "more than");
}

/* Each kind has a limit of its own, from each half. */
TEST(s13_a_message_is_as_long_as_its_kind_may_be)
{
	static const struct {
		uint32_t kind;
		enum message_from from;
		uint32_t len;
	} refused[] = {
		{ MESSAGE_REVISION, FROM_NETWORK, 1 },
		{ MESSAGE_IDENTITY, FROM_NETWORK, 1 },
		{ MESSAGE_GRANTS, FROM_NETWORK, 1 },
		{ MESSAGE_SIGN, FROM_NETWORK, 1000 },
		{ MESSAGE_ANSWER, FROM_NETWORK, 0 },
		{ MESSAGE_REQUEST, FROM_NETWORK, 1100000 },
		{ MESSAGE_HELLO, FROM_NETWORK, 1 },
		{ 0, FROM_NETWORK, 0 },
		{ UINT32_MAX, FROM_NETWORK, 0 },
		{ MESSAGE_REQUEST, FROM_INSTALLING, 0 },
		{ MESSAGE_SIGN, FROM_INSTALLING, 1025 },
		{ MESSAGE_REVISION, FROM_INSTALLING, 17 },
		{ MESSAGE_IDENTITY, FROM_INSTALLING, 1000000 },
		{ MESSAGE_ANSWER, FROM_INSTALLING, 9 * 1024 * 1024 },
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		const struct ipc_header h = { refused[i].kind, 1, refused[i].len };
		struct ends *n = NULL;

		assert_int_equal(open_ends((void **)&n), 0);
		n->b.from = refused[i].from;
		assert_int_equal(send(n->a.fd, &h, sizeof(h), 0), sizeof(h));
		refuses_next(&n->b, ERR_REMOTE, "refused ");
		assert_int_equal(close_ends((void **)&n), 0);
	}
}

TEST_WITH(s13_a_queue_knows_its_bytes, open_ends, close_ends)
{
	struct ends *n = *state;
	size_t whole = 0;

	for (uint32_t i = 1; i < 20; i++)
		post(&n->a, i, 100000);
	assert_true(n->a.queued >= 1000000);
	while (whole < 19) {
		AUTO(message) m = { 0 };

		flush(&n->a);
		whole += take(&n->b, &m);
	}
	assert_int_equal(n->a.queued, 0);
	assert_int_equal(n->a.waiting, 0);
}

TEST_WITH(an_end_is_told_wherever_it_comes, open_ends, close_ends)
{
	struct ends *n = *state;
	const struct ipc_header h = { MESSAGE_REQUEST, 1, 100 };

	assert_int_equal(send(n->a.fd, &h, sizeof(h), 0), sizeof(h));
	assert_int_equal(send(n->a.fd, "x", 1, 0), 1);
	close(TAKE_FD(n->a.fd));
	refuses_next(&n->b, ERR_MISSING, "exited");
}

TEST_WITH(posting_to_one_that_has_ended_fails, open_ends, close_ends)
{
	struct ends *n = *state;
	AUTO(message) m = { .kind = MESSAGE_REQUEST };
	struct err e = { 0 };

	close(TAKE_FD(n->b.fd));
	assert_false(ipc_post(&n->a, &m, &e));
	assert_int_equal(e.code, ERR_MISSING);
}

TEST_WITH(a_wait_has_an_end, open_ends, close_ends)
{
	struct ends *n = *state;
	int64_t begin_ms = clock_mono_ms();
	AUTO(message) m = { 0 };
	struct err e = { 0 };

	assert_false(ipc_wait(&n->a, begin_ms + 250, &m, &e));
	assert_int_equal(e.code, ERR_BUSY);
	assert_in_range(clock_mono_ms() - begin_ms, 240, PATIENCE_MS);
}
