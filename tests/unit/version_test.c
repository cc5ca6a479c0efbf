/* SPDX-License-Identifier: Apache-2.0 */
#include "model/version.h"
#include "test.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void assert_order(const char *a, const char *b, int expected)
{
	if (sign(version_compare(a, b)) != expected || sign(version_compare(b, a)) != -expected)
		fail_msg("'%s' against '%s': %d, and back %d; expected %d", a, b,
			 version_compare(a, b), version_compare(b, a), expected);
}

/* Each list runs from the oldest to the newest. */
#define ASSERT_RISING(...) assert_rising((const char *const[]){ __VA_ARGS__, NULL })

static void assert_rising(const char *const *list)
{
	for (size_t i = 0; list[i]; i++)
		for (size_t k = 0; list[k]; k++)
			assert_order(list[i], list[k], (i > k) - (i < k));
}

TEST(numbers_are_compared_as_numbers)
{
	ASSERT_RISING("0.9", "1", "1.1", "1.2", "1.9", "1.9.12", "1.20", "1.20.1", "1.100", "2",
		      "10", "20230711", "99999999999999999999998", "99999999999999999999999");
	assert_order("1.020", "1.20", 0);
}

TEST(zeros_at_the_end_add_nothing)
{
	assert_order("1.20", "1.20.0", 0);
	assert_order("1.20.0.0", "1.20", 0);
	assert_order("1.20-1", "1.20.0-1", 0);
	assert_order("1.20-1", "1.20.1", -1);
}

TEST(a_revision_is_newer_than_what_it_revises)
{
	ASSERT_RISING("2.6.11", "2.6.12~rc1", "2.6.12", "2.6.12-1~bpo11+1", "2.6.12-1",
		      "2.6.12-1+deb12u1", "2.6.12-1+deb12u2", "2.6.12-1+deb12u10", "2.6.12-2",
		      "2.6.12-10", "2.6.13");
	ASSERT_RISING("1.22.1", "1.22.1-9", "1.22.1-9+deb12u2", "1.22.1-9ubuntu1");
}

TEST(letters_behind_a_number_are_patches)
{
	ASSERT_RISING("1.1.1", "1.1.1k", "1.1.1m", "1.1.1w", "1.1.2", "3.0.0");
	ASSERT_RISING("9.1p1", "9.2", "9.2p1", "9.2p2", "9.10p1");
	ASSERT_RISING("8u92", "8u302-b08", "8u302-b10", "11.0.2");
}

TEST(what_is_not_yet_it_is_older)
{
	ASSERT_RISING("1.24.0", "1.25.0-dev", "1.25.0-alpha", "1.25.0-alpha.1", "1.25.0-beta",
		      "1.25.0-beta2", "1.25.0-pre", "1.25.0-rc1", "1.25.0-rc2", "1.25.0-rc10",
		      "1.25.0", "1.25.0-1");
	ASSERT_RISING("1.25rc1", "1.25", "1.25.1");
	ASSERT_RISING("10.1.0-M1", "10.1.0-M17", "10.1.0-RC1", "10.1.0");
	ASSERT_RISING("2.0-SNAPSHOT", "2.0", "2.0.1-SNAPSHOT", "2.0.1");
	assert_order("3.0.0-rc1", "3", -1);
	assert_order("1.0.0-RC1", "1.0.0-rc1", 0);
}

TEST(an_epoch_counts_when_both_have_one)
{
	assert_order("1:9.18.28-1", "9.18", 1);
	assert_order("1:9.18.28-1", "9.19", -1);
	assert_order("1:9.18", "2:1.0", -1);
}

TEST(even_what_is_no_version_has_its_place)
{
	assert_order("", "", 0);
	assert_order("", "1", -1);
	assert_order("-", "..", 0);
	assert_order("0", "", 0);
	assert_order("\xff\xfe", "", 0);
}

static void assert_found(const char *text, const char *version)
{
	AUTO(arena) a = { 0 };
	const char *found = version_in(text, &a);

	if (!version)
		assert_null(found);
	else if (!found || strcmp(found, version) != 0)
		fail_msg("'%s': found '%s', not '%s'", text, found ? found : "nothing", version);
}

TEST(products_say_their_version_in_many_ways)
{
	assert_found("1.22.1", "1.22.1");
	assert_found("v2.6.2 h1:abcdef", "2.6.2");
	assert_found("nginx version: nginx/1.22.1", "1.22.1");
	assert_found("Server version: Apache/2.4.62 (Debian)\nServer built: 2024-10-04", "2.4.62");
	assert_found("HAProxy version 2.6.12-1+deb12u1 2023/12/16 - https://haproxy.org/",
		     "2.6.12-1+deb12u1");
	assert_found("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)", "15.13");
	assert_found("Redis server v=7.0.15 sha=00000000:0 bits=64", "7.0.15");
	assert_found("mosquitto version 2.0.11\n", "2.0.11");
	assert_found("stunnel 5.68 on x86_64-pc-linux-gnu platform", "5.68");
	assert_found("OpenSSH_9.2p1 Debian-2+deb12u3", "9.2p1");
	assert_found("OpenSSL 1.1.1k  25 Mar 2021", "1.1.1k");
	assert_found("log4j2 version 2.17.", "2.17");
	assert_found("1:9.18.28-1~deb12u2", "1:9.18.28-1~deb12u2");
}

TEST(without_a_number_there_is_no_version)
{
	assert_found("", NULL);
	assert_found("latest", NULL);
	assert_found("x86", NULL);
	assert_found("command not found", NULL);
}
