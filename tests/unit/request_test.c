/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"
#include "wire/request.h"

#include "base/buf.h"
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>

static struct der der_of(const char *text);

#ifndef __SANITIZE_ADDRESS__ /* it has blocks of its own */
/* A piece of what nobody may find in memory that is free; "" looks for none. */
static char marker[64];
static size_t found_in_free;

void __libc_free(void *memory);

/* Instead of the C library's: whatever is given back is looked through. */
void free(void *memory)
{
	size_t len = memory ? malloc_usable_size(memory) : 0;

	if (*marker && memmem(memory, len, marker, strlen(marker)))
		found_in_free++;
	__libc_free(memory);
}

void *realloc(void *memory, size_t size)
{
	size_t before = memory ? malloc_usable_size(memory) : 0;
	void *moved = malloc(size);

	if (moved && memory) {
		memcpy(moved, memory, before < size ? before : size);
		free(memory);
	}
	return moved;
}

/* Where each block of a key is longer than what a buffer begins with. */
TEST(s18_no_key_is_left_in_freed_memory)
{
	static unsigned char bytes[1200];
	static struct der certs[1];
	struct order_request r = {
		.order = "{}",
		.order_len = 2,
		.signature = der_of("signed"),
		.has_pair = true,
		.set = { .certs = certs, .count = 1 },
	};
	AUTO(secret) key = { 0 };
	AUTO(secret) text = { 0 };
	AUTO(buf) base64 = { 0 };

	json_set_alloc_funcs(malloc, wipe_free);
	certs[0] = der_of("leaf");
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 7 + i / 251);
	secret_copy(&key, bytes, sizeof(bytes));
	text_base64(&base64, bytes, 30);
	strcpy(marker, buf_text(&base64));
	order_request_write(&r, &key, &text);
	assert_non_null(strstr((char *)text.bytes, marker));
	secret_release(&text);
	assert_int_equal(found_in_free, 0);

	/* this would be seen */
	char *left = strdup(marker);

	free(left);
	assert_int_equal(found_in_free, 1);
	*marker = '\0';
	json_set_alloc_funcs(malloc, free);
}
#else
static void s18_no_key_is_left_in_freed_memory(void **state)
{
	(void)state;
	skip();
}
#endif

static struct der der_of(const char *text)
{
	return (struct der){ (const unsigned char *)text, strlen(text) };
}

static void assert_der(struct der got, const char *text)
{
	assert_int_equal(got.len, strlen(text));
	assert_memory_equal(got.bytes, text, got.len);
}

static void make(bool with_pair, struct secret *out)
{
	static struct der signer[2];
	static struct der certs[2];
	AUTO(secret) key = { 0 };
	struct order_request r = {
		.order = "{\"an\":\"order\"}",
		.order_len = strlen("{\"an\":\"order\"}"),
		.signature = der_of("signed"),
		.signer = signer,
		.signer_count = 2,
		.has_pair = with_pair,
		.set = { .certs = certs, .count = 2, .anchor = der_of("anchor") },
	};

	signer[0] = der_of("leaf");
	signer[1] = der_of("above");
	certs[0] = der_of("c0");
	certs[1] = der_of("c1");
	secret_copy(&key, "the key", 7);
	order_request_write(&r, &key, out);
}

TEST(what_is_written_is_read)
{
	AUTO(arena) a = { 0 };
	AUTO(secret) body = { 0 };
	AUTO(order_request) r = { 0 };
	struct err e = { 0 };

	make(true, &body);
	assert_true(order_request_read(&body, &a, &r, &e));
	assert_string_equal(r.order, "{\"an\":\"order\"}");
	assert_int_equal(r.order_len, strlen(r.order));
	assert_der(r.signature, "signed");
	assert_int_equal(r.signer_count, 2);
	assert_der(r.signer[1], "above");
	assert_true(r.has_pair);
	assert_int_equal(r.set.count, 2);
	assert_der(r.set.certs[0], "c0");
	assert_der(r.set.anchor, "anchor");
	assert_int_equal(r.key.len, 7);
	assert_memory_equal(r.key.bytes, "the key", 7);
}

TEST(most_orders_have_no_pair)
{
	AUTO(arena) a = { 0 };
	AUTO(secret) body = { 0 };
	AUTO(order_request) r = { 0 };
	struct err e = { 0 };

	make(false, &body);
	assert_null(strstr((char *)body.bytes, "pair"));
	assert_true(order_request_read(&body, &a, &r, &e));
	assert_false(r.has_pair);
	assert_null(r.key.bytes);
}

static void refused(const char *text, size_t len)
{
	AUTO(arena) a = { 0 };
	AUTO(secret) body = { 0 };
	AUTO(order_request) r = { 0 };
	struct err e = { 0 };

	secret_copy(&body, text, len);
	if (order_request_read(&body, &a, &r, &e))
		fail_msg("taken: %.100s", text);
	assert_int_equal(e.code, ERR_INPUT);
	assert_null(r.key.bytes);
}

/* The good body with one piece of it replaced. */
static void refused_with(const char *piece, const char *by)
{
	AUTO(secret) body = { 0 };
	AUTO(buf) text = { 0 };
	const char *at = NULL;

	make(true, &body);
	at = strstr((char *)body.bytes, piece);
	assert_non_null(at);
	buf_printf(&text, "%.*s%s%s", (int)(at - (const char *)body.bytes), body.bytes, by,
		   at + strlen(piece));
	refused(text.data, text.len);
}

TEST(what_is_not_well_formed_is_refused)
{
	refused("", 0);
	refused("{", 1);
	refused("null", 4);
	refused("[1]", 3);
	refused("{}", 2);
	refused_with("\"order\":", "\"ordre\":");
	refused_with("\"signature\":", "\"x\":");
	refused_with("\"signer\":", "\"x\":");
	refused_with("\"certificates\":", "\"x\":");
	refused_with("\"anchor\":", "\"x\":");
	refused_with("\"key\":", "\"x\":");
	refused_with("\"dGhlIGtleQ==\"", "\"\"");
	refused_with("\"dGhlIGtleQ==\"", "null");
	refused_with("\"dGhlIGtleQ==\"", "\"dGhlIGtleQ=\"");
	refused_with("\"dGhlIGtleQ==\"", "\"dGhl IGtleQ==\"");
	refused_with("\"c2lnbmVk\"", "\"?\"");
	refused_with("\"c2lnbmVk\"", "7");
	refused_with("[\"bGVhZg==\",\"YWJvdmU=\"]", "[]");
	refused_with("[\"bGVhZg==\",\"YWJvdmU=\"]", "[7]");
	refused_with("[\"bGVhZg==\",\"YWJvdmU=\"]",
		     "[\"YQ==\",\"YQ==\",\"YQ==\",\"YQ==\",\"YQ==\"]");
	refused_with("[\"YzA=\",\"YzE=\"]", "[]");
	refused_with(
		"[\"YzA=\",\"YzE=\"]",
		"[\"YQ==\",\"YQ==\",\"YQ==\",\"YQ==\",\"YQ==\",\"YQ==\",\"YQ==\",\"YQ==\",\"YQ==\",\"YQ==\",\"YQ==\"]");
	refused_with("\"pair\":{", "\"pair\":[{");
	refused_with("\"order\":", "\"order\":\"x\",\"order\":");
}

TEST(cut_anywhere_it_is_refused)
{
	AUTO(secret) body = { 0 };

	make(true, &body);
	for (size_t len = 0; len < body.len; len++)
		refused((char *)body.bytes, len);
}

TEST(a_body_has_a_limit)
{
	AUTO(arena) a = { 0 };
	AUTO(secret) body = { 0 };
	AUTO(order_request) r = { 0 };
	struct err e = { 0 };

	secret_alloc(&body, REQUEST_LIMIT + 1);
	memset(body.bytes, ' ', body.len);
	assert_false(order_request_read(&body, &a, &r, &e));
	assert_non_null(strstr(e.text, "over 1048576 bytes"));
}

TEST(depth_is_no_way_in)
{
	AUTO(buf) text = { 0 };

	for (int i = 0; i < REQUEST_LIMIT / 2; i++)
		buf_putc(&text, '[');
	refused(text.data, text.len);
}
