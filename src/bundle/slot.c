/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/slot.h"

#include "base/random.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

static const char magic[8] = { 'S', 'a', 'l', 't', 'e', 'd', '_', '_' };

enum {
	SALT_BYTES = 8,
	HEAD_BYTES = sizeof(magic) + SALT_BYTES,
};

/* Key schedule of openssl enc: the key, then the IV. */
struct schedule {
	uint8_t key[32];
	uint8_t iv[16];
};

static void derive(const struct secret *passphrase, const uint8_t *salt, struct schedule *out)
{
	uint8_t both[sizeof(out->key) + sizeof(out->iv)];

	pbkdf2_sha256((struct bytes){ passphrase->bytes, passphrase->len },
		      (struct bytes){ salt, SALT_BYTES }, PBKDF2_ROUNDS, both, sizeof(both));
	memcpy(out->key, both, sizeof(out->key));
	memcpy(out->iv, both + sizeof(out->key), sizeof(out->iv));
	wipe(both, sizeof(both));
}

void slot_text_new(struct secret *text)
{
	uint8_t raw[SLOT_RANDOM_BYTES];

	random_bytes(raw, sizeof(raw));
	secret_alloc(text, SLOT_TEXT);
	text_hex(raw, sizeof(raw), (char *)text->bytes);
	wipe(raw, sizeof(raw));
}

void slot_password(const struct secret *text, struct secret *password)
{
	assert(text->len == SLOT_TEXT);
	secret_copy(password, text->bytes, SLOT_PASSWORD_TEXT);
}

static void hmac_key(const struct secret *text, uint8_t key[SHA256_BYTES])
{
	const char *hex = (const char *)text->bytes + SLOT_PASSWORD_TEXT;
	bool valid = text_unhex(hex, key, SHA256_BYTES);

	assert(text->len == SLOT_TEXT && valid);
	(void)valid;
}

void slot_hmac(const struct secret *text, struct bytes manifest, char out[SHA256_TEXT])
{
	static const char purpose[] = "certfleet-bundle-1\n";
	const struct bytes pieces[] = { { purpose, sizeof(purpose) - 1 }, manifest };
	uint8_t key[SHA256_BYTES] = "certfleet-unencrypted-bundle";
	uint8_t digest[SHA256_BYTES];

	if (text)
		hmac_key(text, key);
	hmac_sha256((struct bytes){ key, sizeof(key) }, pieces, 2, digest);
	text_hex(digest, sizeof(digest), out);
	wipe(key, sizeof(key));
}

void slot_seal(const struct secret *text, const struct secret *passphrase, uint8_t out[SLOT_BYTES])
{
	struct schedule s;

	memcpy(out, magic, sizeof(magic));
	random_bytes(out + sizeof(magic), SALT_BYTES);
	derive(passphrase, out + sizeof(magic), &s);
	aes_cbc_encrypt(s.key, s.iv, (struct bytes){ text->bytes, text->len }, out + HEAD_BYTES);
	wipe(&s, sizeof(s));
}

bool slot_open(struct bytes slot, const struct secret *passphrase, struct secret *text)
{
	const uint8_t *raw = slot.data;
	AUTO(secret) opened = { 0 };
	struct err ignored = { 0 };
	struct schedule s;

	if (slot.len != SLOT_BYTES || memcmp(raw, magic, sizeof(magic)) != 0)
		return false;
	derive(passphrase, raw + sizeof(magic), &s);

	bool fits = aes_cbc_decrypt(s.key, s.iv,
				    (struct bytes){ raw + HEAD_BYTES, slot.len - HEAD_BYTES },
				    &opened, &ignored);

	wipe(&s, sizeof(s));
	if (!fits || opened.len != SLOT_TEXT ||
	    strspn((const char *)opened.bytes, "0123456789abcdef") != SLOT_TEXT)
		return false;
	*text = TAKE(opened);
	return true;
}
