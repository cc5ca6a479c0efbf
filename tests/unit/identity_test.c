/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>

#include "remote/identity.h"
#include "test.h"

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

TEST(what_was_given_is_read_from_its_path)
{
	AUTO(identity) i = identity_of("a key");
	char text[16] = "";
	struct stat st;
	AUTO(fd) fd = open(identity_key(i), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 5);
	assert_string_equal(text, "a key");
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 0);
}

TEST(it_cannot_be_changed_afterwards)
{
	AUTO(identity) i = identity_of("a key");
	AUTO(fd) fd = open(identity_key(i), O_RDWR | O_CLOEXEC);

	assert_true(fd < 0 || write(fd, "x", 1) < 0);
}

TEST(what_was_not_given_has_no_path)
{
	AUTO(identity) i = identity_of("a key");

	assert_null(identity_certificate(i));
	assert_null(identity_authorities(i));
}
