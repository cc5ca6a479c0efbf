/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls_queue.h"
#include "test.h"

#include <arpa/inet.h>
#include <stdint.h>

enum {
	MANY = 10,
	PEERS = 1000
};

static union tls_address address(unsigned last, uint16_t port)
{
	return (union tls_address){
		.v4 = { .sin_family = AF_INET,
			.sin_port = htons(port),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK + last) },
	};
}

static void add(struct tls_queue *q, struct tls_turn *t, unsigned last, uint16_t port)
{
	union tls_address a = address(last, port);

	tls_queue_add(q, t, &a);
}

TEST(one_address_has_so_many_places)
{
	AUTO(tls_queue) q = { 0 };
	struct tls_turn turns[MANY];

	assert_null(tls_queue_take(&q));
	for (size_t i = 0; i < MANY; i++)
		add(&q, &turns[i], 1, 443);
	for (size_t i = 0; i < TLS_AT_ONCE_OF_ONE; i++)
		assert_ptr_equal(tls_queue_take(&q), &turns[i]);
	assert_null(tls_queue_take(&q));
	tls_queue_end(&q, &turns[1]);
	assert_ptr_equal(tls_queue_take(&q), &turns[TLS_AT_ONCE_OF_ONE]);
	assert_null(tls_queue_take(&q));
}

TEST(another_address_or_port_waits_for_nobody)
{
	AUTO(tls_queue) q = { 0 };
	struct tls_turn turns[MANY];
	struct tls_turn other;
	struct tls_turn port;

	for (size_t i = 0; i < MANY; i++)
		add(&q, &turns[i], 1, 443);
	add(&q, &other, 2, 443);
	add(&q, &port, 1, 444);
	assert_ptr_equal(tls_queue_take(&q), &turns[0]);
	assert_ptr_equal(tls_queue_take(&q), &other);
	assert_ptr_equal(tls_queue_take(&q), &port);
	for (size_t i = 1; i < TLS_AT_ONCE_OF_ONE; i++)
		assert_ptr_equal(tls_queue_take(&q), &turns[i]);
	assert_null(tls_queue_take(&q));
}

TEST(every_address_gets_its_turn)
{
	AUTO(tls_queue) q = { 0 };
	struct tls_turn turns[2 * PEERS];

	for (unsigned i = 0; i < 2 * PEERS; i++)
		add(&q, &turns[i], i % PEERS, 443);
	for (size_t i = 0; i < 2 * PEERS; i++) {
		assert_ptr_equal(tls_queue_take(&q), &turns[i]);
		assert_int_equal(tls_turn_address(&turns[i])->v4.sin_addr.s_addr,
				 htonl(INADDR_LOOPBACK + (unsigned)(i % PEERS)));
	}
	assert_null(tls_queue_take(&q));
}

TEST(the_others_are_dropped_with_one_that_nobody_answers)
{
	AUTO(tls_queue) q = { 0 };
	struct tls_turn turns[MANY];
	struct tls_turn other;

	for (size_t i = 0; i < MANY; i++)
		add(&q, &turns[i], 1, 443);
	add(&q, &other, 2, 443);
	assert_ptr_equal(tls_queue_take(&q), &turns[0]);
	for (size_t i = 1; i < MANY; i++)
		assert_ptr_equal(tls_turn_drop(&turns[0]), &turns[i]);
	assert_null(tls_turn_drop(&turns[0]));
	tls_queue_end(&q, &turns[0]);
	assert_ptr_equal(tls_queue_take(&q), &other);
	assert_null(tls_queue_take(&q));
	add(&q, &turns[0], 1, 443);
	assert_ptr_equal(tls_queue_take(&q), &turns[0]);
}

TEST(a_lifted_address_has_places_for_all)
{
	AUTO(tls_queue) q = { 0 };
	struct tls_turn turns[MANY];

	for (size_t i = 0; i < MANY; i++)
		add(&q, &turns[i], 1, 443);
	for (size_t i = 0; i < TLS_AT_ONCE_OF_ONE; i++)
		assert_non_null(tls_queue_take(&q));
	assert_null(tls_queue_take(&q));
	tls_queue_lift(&q, &turns[0]);
	for (size_t i = TLS_AT_ONCE_OF_ONE; i < MANY; i++)
		assert_ptr_equal(tls_queue_take(&q), &turns[i]);
	assert_null(tls_queue_take(&q));
}
