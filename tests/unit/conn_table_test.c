/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/network_half.h"
#include "test.h"

#include "base/clock.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

static struct conn_table conns;

static int open_door(void **state)
{
	(void)state;
	conns = (struct conn_table){ 0 };
	return 0;
}

static int close_door(void **state)
{
	(void)state;
	conn_table_release(&conns);
	assert_int_equal(conns.count, 0);
	return 0;
}

static struct sockaddr_storage address_of(const char *text)
{
	struct sockaddr_storage s = { 0 };
	struct sockaddr_in *v4 = (void *)&s;
	struct sockaddr_in6 *v6 = (void *)&s;

	if (strchr(text, ':')) {
		s.ss_family = AF_INET6;
		assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
	} else {
		s.ss_family = AF_INET;
		assert_int_equal(inet_pton(AF_INET, text, &v4->sin_addr), 1);
	}
	return s;
}

/* No socket belongs to it: a shutdown of -1 does nothing. */
static struct conn *comes(const char *address)
{
	struct sockaddr_storage s = address_of(address);
	struct conn *g = conn_table_admit(&conns, -1, &s, sizeof(s));

	assert_non_null(g);
	return g;
}

static struct conn *comes_from(unsigned host)
{
	char text[32];
	struct in_addr a = { htonl(0x7f000000 + host) };

	inet_ntop(AF_INET, &a, text, sizeof(text));
	return comes(text);
}

static void is_admitted(struct conn *g)
{
	g->tls.admitted = true;
	conn_table_authenticated(&conns);
}

static size_t closing(void)
{
	size_t count = 0;

	for (struct conn *g = conns.conns; g; g = g->next)
		count += g->phase == CONN_CLOSING;
	return count;
}

TEST(a_guest_begins_with_its_handshake)
{
	int64_t now = clock_mono_ms();
	struct conn *g = comes("10.0.0.1");

	assert_int_equal(g->phase, CONN_HANDSHAKE);
	assert_in_range(g->end_ms, now + HANDSHAKE_MS, clock_mono_ms() + HANDSHAKE_MS);
	assert_int_equal(conns.count, 1);
	conn_table_leave(&conns, g);
	assert_int_equal(conns.count, 0);
}

TEST(each_phase_has_its_time)
{
	static const struct {
		enum conn_phase phase;
		int64_t ms;
	} phases[] = {
		{ CONN_HEADER, 10000 }, { CONN_BODY, 30000 },  { CONN_DROP, 5000 },
		{ CONN_REPLY, 30000 },  { CONN_IDLE, 300000 },
	};
	struct conn *g = comes("10.0.0.1");

	for (size_t i = 0; i < sizeof(phases) / sizeof(*phases); i++) {
		int64_t now = clock_mono_ms();

		conn_table_phase(g, phases[i].phase);
		assert_in_range(g->end_ms, now + phases[i].ms, clock_mono_ms() + phases[i].ms);
	}
	conn_table_phase(g, CONN_WORK);
	assert_true(g->end_ms == INT64_MAX);
}

TEST(whose_time_is_over_is_shut_down)
{
	int ends[2];
	struct sockaddr_storage s = address_of("10.0.0.1");
	struct conn *g = NULL;
	struct conn *other = comes("10.0.0.2");
	char byte = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	g = conn_table_admit(&conns, ends[0], &s, sizeof(s));
	conn_table_sweep(&conns);
	assert_int_equal(g->phase, CONN_HANDSHAKE);
	g->end_ms = clock_mono_ms() - 1;
	conn_table_sweep(&conns);
	assert_int_equal(g->phase, CONN_CLOSING);
	assert_int_equal(other->phase, CONN_HANDSHAKE);
	assert_int_equal(read(ends[1], &byte, 1), 0);
	/* nothing brings it back */
	conn_table_phase(g, CONN_IDLE);
	assert_int_equal(g->phase, CONN_CLOSING);
	close(ends[0]);
	close(ends[1]);
}

TEST(a_request_begins_with_its_first_byte)
{
	struct conn *g = comes("10.0.0.1");

	conn_table_received(g);
	assert_true(g->spoke);
	assert_int_equal(g->phase, CONN_HANDSHAKE);
	conn_table_phase(g, CONN_IDLE);
	conn_table_received(g);
	assert_int_equal(g->phase, CONN_HEADER);
	conn_table_phase(g, CONN_BODY);
	conn_table_received(g);
	assert_int_equal(g->phase, CONN_BODY);
}

/* A byte now and then does not lengthen a handshake or a header. */
TEST(dripping_gains_no_time)
{
	struct conn *g = comes("10.0.0.1");
	int64_t end_ms = g->end_ms;

	conn_table_received(g);
	conn_table_received(g);
	assert_true(g->end_ms == end_ms);
	conn_table_phase(g, CONN_HEADER);
	end_ms = g->end_ms;
	clock_sleep_ms(5);
	conn_table_received(g);
	assert_true(g->end_ms == end_ms);
}

TEST(too_many_from_one_address_make_room_among_themselves)
{
	struct conn *neighbour = comes("10.0.0.2");
	struct conn *first = comes("10.0.0.1");

	for (int i = 1; i < CONN_UNAUTHENTICATED_EACH; i++)
		(void)comes("10.0.0.1");
	assert_int_equal(closing(), 0);
	(void)comes("10.0.0.1");
	assert_int_equal(closing(), 1);
	assert_int_equal(first->phase, CONN_CLOSING);
	assert_int_equal(neighbour->phase, CONN_HANDSHAKE);
}

TEST(who_is_silent_goes_before_who_is_not)
{
	struct conn *first = comes("10.0.0.1");
	struct conn *second = comes("10.0.0.1");
	struct conn *third = comes("10.0.0.1");

	conn_table_received(first);
	second->since_ms -= SILENT_MS;
	third->since_ms -= SILENT_MS;
	for (int i = 3; i < CONN_UNAUTHENTICATED_EACH; i++)
		(void)comes("10.0.0.1");
	(void)comes("10.0.0.1");
	assert_int_equal(first->phase, CONN_HANDSHAKE);
	assert_int_equal(second->phase, CONN_CLOSING);
	(void)comes("10.0.0.1");
	assert_int_equal(third->phase, CONN_CLOSING);
	(void)comes("10.0.0.1");
	assert_int_equal(first->phase, CONN_CLOSING);
}

/* All the others have said something, and it had no time to. */
TEST(a_new_one_is_not_the_next_to_go)
{
	struct conn *oldest = NULL;
	struct conn *new = NULL;

	for (unsigned i = 0; i < CONN_UNAUTHENTICATED_LIMIT; i++) {
		struct conn *g = comes_from(1 + i);

		conn_table_received(g);
		if (!i)
			oldest = g;
	}
	new = comes_from(1000);
	(void)comes_from(1001);
	assert_int_equal(closing(), 2);
	assert_int_equal(oldest->phase, CONN_CLOSING);
	assert_int_equal(new->phase, CONN_HANDSHAKE);
}

TEST(too_many_strangers_make_room_for_new_ones)
{
	struct conn *oldest = comes_from(1);

	for (unsigned i = 2; i <= CONN_UNAUTHENTICATED_LIMIT; i++)
		(void)comes_from(i);
	assert_int_equal(closing(), 0);
	for (unsigned i = 0; i < 1000; i++)
		(void)comes_from(1000 + i);
	assert_int_equal(closing(), 1000);
	assert_int_equal(oldest->phase, CONN_CLOSING);
	assert_int_equal(conns.count, CONN_UNAUTHENTICATED_LIMIT + 1000);
}

TEST(callers_are_no_strangers)
{
	struct conn *caller = comes_from(1);

	is_admitted(caller);
	assert_int_equal(caller->phase, CONN_HEADER);
	for (unsigned i = 0; i < 2 * CONN_UNAUTHENTICATED_LIMIT; i++)
		(void)comes_from(2 + i);
	assert_int_equal(closing(), CONN_UNAUTHENTICATED_LIMIT);
	assert_int_equal(caller->phase, CONN_HEADER);
}

TEST(an_idle_caller_makes_room_for_a_new_one)
{
	struct conn *idle = NULL;
	struct conn *longest = NULL;
	struct conn *new = NULL;

	for (int i = 0; i < CONN_AUTHENTICATED_EACH; i++) {
		struct conn *g = comes("10.0.0.1");

		is_admitted(g);
		conn_table_phase(g, i < 10 ? CONN_WORK : CONN_IDLE);
		g->since_ms += i == 20 ? -1000 : i;
		if (i == 20)
			longest = g;
		else
			idle = g;
	}
	new = comes("10.0.0.1");
	is_admitted(new);
	assert_int_equal(closing(), 1);
	assert_int_equal(longest->phase, CONN_CLOSING);
	assert_int_equal(idle->phase, CONN_IDLE);
	assert_int_equal(new->phase, CONN_HEADER);
}

/* Who never finishes a header or a body keeps nobody out. */
TEST(a_slow_caller_makes_room_before_an_idle_one)
{
	struct conn *idle = NULL;
	struct conn *slow = NULL;

	for (unsigned i = 0; i < CONN_AUTHENTICATED_LIMIT; i++) {
		struct conn *g = comes_from(1 + i);

		is_admitted(g);
		if (i < 10)
			conn_table_phase(g, CONN_IDLE);
		else if (i % 2)
			conn_table_phase(g, CONN_BODY);
		g->since_ms += i < 10 ? -5000 : (int64_t)i;
		if (i == 5)
			idle = g;
		if (i == 10)
			slow = g;
	}
	for (unsigned i = 0; i < 20; i++)
		is_admitted(comes_from(1000 + i));
	assert_int_equal(closing(), 20);
	assert_int_equal(slow->phase, CONN_CLOSING);
	assert_int_equal(idle->phase, CONN_IDLE);
}

TEST(when_all_are_at_work_a_new_caller_must_wait)
{
	struct conn *new = NULL;

	for (unsigned i = 0; i < CONN_AUTHENTICATED_LIMIT; i++) {
		struct conn *g = comes_from(1 + i);

		is_admitted(g);
		conn_table_phase(g, CONN_WORK);
	}
	new = comes_from(1000);
	is_admitted(new);
	assert_int_equal(closing(), 1);
	assert_int_equal(new->phase, CONN_CLOSING);
}

TEST(an_ipv6_network_counts_as_one_address)
{
	struct conn *first = comes("2001:db8:0:1::1");
	struct conn *elsewhere = comes("2001:db8:0:2::1");
	char text[64];

	for (int i = 1; i < CONN_UNAUTHENTICATED_EACH; i++) {
		snprintf(text, sizeof(text), "2001:db8:0:1::%x:2", i);
		(void)comes(text);
	}
	assert_int_equal(closing(), 0);
	(void)comes("2001:db8:0:1:ffff::9");
	assert_int_equal(closing(), 1);
	assert_int_equal(first->phase, CONN_CLOSING);
	assert_int_equal(elsewhere->phase, CONN_HANDSHAKE);
}

/* What a socket for both families makes of IPv4. */
TEST(mapped_addresses_are_told_apart)
{
	char text[64];

	for (int i = 0; i < 2 * CONN_UNAUTHENTICATED_EACH; i++) {
		snprintf(text, sizeof(text), "::ffff:10.0.0.%d", i + 1);
		(void)comes(text);
	}
	assert_int_equal(closing(), 0);
	for (int i = 0; i < CONN_UNAUTHENTICATED_EACH; i++)
		(void)comes("::ffff:10.0.0.1");
	assert_int_equal(closing(), 1);
}

TEST(who_is_closing_counts_no_more)
{
	for (int i = 0; i < CONN_UNAUTHENTICATED_EACH; i++)
		comes("10.0.0.1")->phase = CONN_CLOSING;
	(void)comes("10.0.0.1");
	assert_int_equal(closing(), CONN_UNAUTHENTICATED_EACH);
}

TEST(x1_a_guest_is_found_by_its_socket_until_it_is_told_of)
{
	struct conn *one = comes("10.0.0.1");
	struct conn *other = comes("10.0.0.2");

	one->fd = 11;
	other->fd = 12;
	assert_ptr_equal(conn_table_arriving(&conns, 11), one);
	assert_ptr_equal(conn_table_arriving(&conns, 12), other);
	assert_null(conn_table_arriving(&conns, 13));
	one->attached = true;
	assert_null(conn_table_arriving(&conns, 11));
	one->fd = other->fd = -1;
}

TEST(guests_leave_in_any_order)
{
	struct conn *list[20];

	for (unsigned i = 0; i < 20; i++)
		list[i] = comes_from(i + 1);
	for (unsigned i = 0; i < 20; i += 2)
		conn_table_leave(&conns, list[(i * 7) % 20]);
	assert_int_equal(conns.count, 10);
	for (struct conn *g = conns.conns; g; g = g->next)
		assert_ptr_equal(*g->link, g);
}

TEST_EACH(open_door, close_door)
