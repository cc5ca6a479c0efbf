/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "remote/identity.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static struct identity *identity_of(const char *key)
{
	AUTO(secret) text = { 0 };
	struct identity *i = NULL;
	struct err e = { 0 };

	secret_copy(&text, key, strlen(key));
	assert_true(identity_new(&(const struct identity_texts){ .key = &text }, &i, &e));
	return i;
}

static void what_was_given_is_read_from_its_path(void **state)
{
	AUTO(identity) i = identity_of("a key");
	char text[16] = "";
	struct stat st;
	AUTO(fd) fd = open(identity_key(i), O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 5);
	assert_string_equal(text, "a key");
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 0);
}

static void it_cannot_be_changed_afterwards(void **state)
{
	AUTO(identity) i = identity_of("a key");
	AUTO(fd) fd = open(identity_key(i), O_RDWR | O_CLOEXEC);

	(void)state;
	assert_true(fd < 0 || write(fd, "x", 1) < 0);
}

static void what_was_not_given_has_no_path(void **state)
{
	AUTO(identity) i = identity_of("a key");

	(void)state;
	assert_null(identity_certificate(i));
	assert_null(identity_authorities(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_given_is_read_from_its_path),
		cmocka_unit_test(it_cannot_be_changed_afterwards),
		cmocka_unit_test(what_was_not_given_has_no_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
