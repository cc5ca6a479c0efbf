/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/slot.h"
#include "test.h"

#include "bundle_fixture.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const struct bytes manifest = { "{}", 2 };

TEST(a_slot_opens_with_its_passphrase_alone)
{
	const struct secret pass = SECRET_OF(PASSPHRASE);
	const struct secret other = SECRET_OF(OTHER_PASSPHRASE);
	AUTO(secret) text = { 0 };
	AUTO(secret) opened = { 0 };
	AUTO(secret) nothing = { 0 };
	uint8_t slot[SLOT_BYTES];

	slot_text_new(&text);
	slot_seal(&text, &pass, slot);
	assert_true(slot_open((struct bytes){ slot, sizeof(slot) }, &pass, &opened));
	assert_int_equal(opened.len, SLOT_TEXT);
	assert_memory_equal(opened.bytes, text.bytes, SLOT_TEXT);
	assert_false(slot_open((struct bytes){ slot, sizeof(slot) }, &other, &nothing));
	assert_null(nothing.bytes);
}

/* Made with: printf %s TEXT | openssl enc -aes-256-cbc -pbkdf2 -iter 600000
 * -md sha256 -S 0102030405060708 -pass pass:PASSPHRASE, behind "Salted__"
 * and the salt. */
TEST(a_slot_of_openssl_opens)
{
	static const char text[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	static const uint8_t slot[SLOT_BYTES] = {
		0x53, 0x61, 0x6c, 0x74, 0x65, 0x64, 0x5f, 0x5f, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
		0x07, 0x08, 0xe2, 0x4e, 0xaf, 0x9a, 0xe3, 0x9d, 0x8c, 0x9d, 0x17, 0x2d, 0x54, 0xdf,
		0x8a, 0x79, 0x21, 0x56, 0xef, 0xf3, 0x25, 0x0c, 0x57, 0x05, 0xf3, 0xa4, 0xfe, 0xd6,
		0xc9, 0x7f, 0xdb, 0x33, 0x3b, 0xa0, 0x81, 0xa2, 0xcf, 0x54, 0x5d, 0xcd, 0xc1, 0xbe,
		0x62, 0xf2, 0x16, 0x01, 0xdb, 0x8c, 0xb3, 0x4b, 0x68, 0x1f, 0x6d, 0x3c, 0xa4, 0x8f,
		0xbe, 0x93, 0x87, 0x4b, 0xa5, 0x07, 0xe8, 0x5e, 0xea, 0x3c, 0x27, 0x7b, 0x7f, 0xff,
		0x03, 0x4e, 0xd6, 0x15, 0xf8, 0xc1, 0xec, 0x75, 0xd9, 0x66, 0x8f, 0xe1, 0x01, 0xbd,
		0x34, 0xed, 0x8d, 0x25, 0x23, 0x4f, 0x35, 0x90, 0x7a, 0xa8, 0x46, 0x11, 0x67, 0x2a,
		0xa6, 0x7f, 0xf0, 0xa0, 0x6a, 0xa5, 0xc6, 0x3f, 0xe9, 0xdf, 0x4f, 0xcc, 0x49, 0x58,
		0xa0, 0xdc, 0x7d, 0xd7, 0x15, 0x46, 0x22, 0x0d, 0x3d, 0xf5, 0xf4, 0x59, 0x49, 0xb9,
		0xf8, 0x87, 0xc5, 0x53, 0xdd, 0x50, 0x1f, 0xc6, 0x8f, 0x9c, 0x94, 0x19, 0x97, 0xac,
		0xf2, 0xfa, 0x80, 0x24, 0x2e, 0xb0
	};
	const struct secret pass = SECRET_OF(PASSPHRASE);
	AUTO(secret) opened = { 0 };

	assert_true(slot_open((struct bytes){ slot, sizeof(slot) }, &pass, &opened));
	assert_string_equal((char *)opened.bytes, text);
}

TEST(only_lower_case_hex_digits_are_a_slot)
{
	const struct secret pass = SECRET_OF(PASSPHRASE);
	AUTO(secret) text = { 0 };
	AUTO(secret) opened = { 0 };
	uint8_t slot[SLOT_BYTES];

	slot_text_new(&text);
	text.bytes[77] = 'A';
	slot_seal(&text, &pass, slot);
	assert_false(slot_open((struct bytes){ slot, sizeof(slot) }, &pass, &opened));
}

TEST(a_slot_of_another_length_does_not_open)
{
	const struct secret pass = SECRET_OF(PASSPHRASE);
	AUTO(secret) text = { 0 };
	AUTO(secret) opened = { 0 };
	uint8_t slot[SLOT_BYTES + 16] = { 0 };

	slot_text_new(&text);
	slot_seal(&text, &pass, slot);
	assert_false(slot_open((struct bytes){ slot, SLOT_BYTES - 16 }, &pass, &opened));
	assert_false(slot_open((struct bytes){ slot, SLOT_BYTES + 16 }, &pass, &opened));
	assert_false(slot_open((struct bytes){ slot, 0 }, &pass, &opened));
	slot[0] = 's';
	assert_false(slot_open((struct bytes){ slot, SLOT_BYTES }, &pass, &opened));
}

TEST(the_hmac_depends_on_the_second_half_and_the_manifest)
{
	AUTO(secret) text = { 0 };
	char first[SHA256_TEXT];
	char again[SHA256_TEXT];

	slot_text_new(&text);
	slot_hmac(&text, manifest, first);
	slot_hmac(NULL, manifest, again);
	assert_string_not_equal(first, again);
	slot_hmac(&text, (struct bytes){ "{ }", 3 }, again);
	assert_string_not_equal(first, again);
	text.bytes[0] = text.bytes[0] == '0' ? '1' : '0';
	slot_hmac(&text, manifest, again);
	assert_string_equal(first, again);
	text.bytes[SLOT_TEXT - 1] = text.bytes[SLOT_TEXT - 1] == '0' ? '1' : '0';
	slot_hmac(&text, manifest, again);
	assert_string_not_equal(first, again);
}
