/* SPDX-License-Identifier: Apache-2.0 */
#include "state/seal.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/random.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "crypto/passphrase.h"
#include "state/records.h"

#include <limits.h>
#include <string.h>

#define FORMAT "certfleet-seal-1"
#define KDF_PASSPHRASE "pbkdf2-sha256"
#define KDF_KEY "hkdf-sha256"

enum {
	SALT_BYTES = 16,
	DATA_KEY_BYTES = AEAD_KEY_BYTES,
	WRAPPED_BYTES = DATA_KEY_BYTES + AEAD_OVERHEAD,
};

const struct member seal_members[] = {
	TEXT_MEMBER("kdf", struct seal, kdf),
	NUMBER_MEMBER("rounds", struct seal, rounds, 0, UINT_MAX),
	TEXT_MEMBER("salt", struct seal, salt),
	TEXT_MEMBER("wrapped", struct seal, wrapped),
	TEXT_MEMBER("check", struct seal, check),
	{ 0 },
};

static void seal_add_piece(struct buf *out, const char *text)
{
	size_t len = strlen(text);
	const uint8_t prefix[] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
				   (uint8_t)len };

	buf_add(out, prefix, sizeof(prefix));
	buf_add(out, text, len);
}

/* Associated data of a sealed value; each piece is prefixed with its length. */
static void bind_to(struct buf *out, const char *lineage, const char *kind, const char *spki)
{
	AUTO(arena) a = { 0 };

	seal_add_piece(out, FORMAT);
	seal_add_piece(out, lineage);
	seal_add_piece(out, kind);
	seal_add_piece(out, *spki ? record_key(&a, KEY_PREFIX, spki) : "meta");
	seal_add_piece(out, spki);
}

static struct bytes buf_bytes(const struct buf *b)
{
	return (struct bytes){ .data = b->data, .len = b->len };
}

static struct bytes secret_bytes(const struct secret *s)
{
	return (struct bytes){ .data = s->bytes, .len = s->len };
}

/* ---- the data key ---- */

static void make_check(const char *lineage, const struct secret *data_key,
		       uint8_t out[SHA256_BYTES])
{
	AUTO(buf) text = { 0 };

	bind_to(&text, lineage, "check", "");

	struct bytes piece = buf_bytes(&text);

	hmac_sha256(secret_bytes(data_key), &piece, 1, out);
}

static const char *base64(struct arena *a, const void *bytes, size_t len)
{
	AUTO(buf) text = { 0 };

	text_base64(&text, bytes, len);
	return arena_strdup(a, buf_text(&text));
}

/* Decodes exactly `len` bytes. */
static bool unbase64(const char *text, void *bytes, size_t len)
{
	size_t text_len = strlen(text);
	size_t got = 0;
	AUTO(str) room = NULL;

	if (text_len > 2 * (len + 3))
		return false;
	room = xcalloc(1, text_unbase64_room(text_len));
	if (!text_unbase64(text, text_len, room, &got) || got != len)
		return false;
	memcpy(bytes, room, len);
	return true;
}

static void derive_wrapping(const struct seal *seal, const struct seal_secret *from,
			    const uint8_t salt[SALT_BYTES], struct secret *wrapping)
{
	struct bytes secret = secret_bytes(from->secret);

	secret_alloc(wrapping, AEAD_KEY_BYTES);
	if (from->is_key)
		hkdf_sha256(secret, (struct bytes){ salt, SALT_BYTES }, FORMAT, wrapping->bytes,
			    wrapping->len);
	else
		pbkdf2_sha256(secret, (struct bytes){ salt, SALT_BYTES }, seal->rounds,
			      wrapping->bytes, wrapping->len);
}

static const char *seal_kdf(const struct seal_secret *from)
{
	return from->is_key ? KDF_KEY : KDF_PASSPHRASE;
}

bool seal_secret_check(const struct seal_secret *from, struct err *e)
{
	if (!from->is_key)
		return passphrase_is_strong(from->secret, e);
	return from->secret->len == SEAL_KEY_BYTES ||
	       err_set(e, ERR_INPUT,
		       "the key file holds %zu bytes; it must hold exactly %d random ones",
		       from->secret->len, SEAL_KEY_BYTES);
}

void seal_make(const char *lineage, const struct seal_secret *from, struct arena *a,
	       struct secret *data_key, struct seal *out)
{
	struct seal made = { .kdf = seal_kdf(from), .rounds = from->is_key ? 0 : PBKDF2_ROUNDS };
	AUTO(buf) aad = { 0 };
	AUTO(secret) wrapping = { 0 };
	uint8_t salt[SALT_BYTES];
	uint8_t wrapped[WRAPPED_BYTES];
	uint8_t check[SHA256_BYTES];

	secret_alloc(data_key, DATA_KEY_BYTES);
	random_bytes(data_key->bytes, data_key->len);
	random_bytes(salt, sizeof(salt));
	derive_wrapping(&made, from, salt, &wrapping);
	bind_to(&aad, lineage, "data-key", "");
	aead_seal(wrapping.bytes, buf_bytes(&aad), secret_bytes(data_key), wrapped);
	make_check(lineage, data_key, check);
	made.salt = base64(a, salt, sizeof(salt));
	made.wrapped = base64(a, wrapped, sizeof(wrapped));
	made.check = base64(a, check, sizeof(check));
	*out = made;
}

static bool seal_check_seal(const struct seal *seal, const struct seal_secret *from, struct err *e)
{
	AUTO(arena) a = { 0 };

	if (strcmp(seal->kdf, KDF_PASSPHRASE) != 0 && strcmp(seal->kdf, KDF_KEY) != 0)
		return err_set(
			e, ERR_INPUT,
			"the state is sealed by '%s', which this certfleet does not know; use a newer one",
			text_escaped(&a, seal->kdf));
	if (strcmp(seal->kdf, seal_kdf(from)) != 0)
		return err_set(e, ERR_INPUT, "the state is sealed under a %s, not under a %s",
			       from->is_key ? "passphrase" : "key file",
			       from->is_key ? "key file" : "passphrase");
	if (from->is_key)
		return true;
	if (seal->rounds < 1 || seal->rounds > PBKDF2_ROUNDS_LIMIT)
		return err_set(
			e, ERR_IO,
			"the state's seal asks for %u rounds, over the limit of %d; restore the state from a backup",
			seal->rounds, PBKDF2_ROUNDS_LIMIT);
	return true;
}

bool seal_unwrap(const struct seal *seal, const char *lineage, const struct seal_secret *from,
		 struct secret *data_key, struct err *e)
{
	AUTO(buf) aad = { 0 };
	AUTO(secret) wrapping = { 0 };
	AUTO(secret) opened = { 0 };
	uint8_t salt[SALT_BYTES];
	uint8_t wrapped[WRAPPED_BYTES];
	uint8_t check[SHA256_BYTES];
	uint8_t expected[SHA256_BYTES];

	if (!seal_check_seal(seal, from, e))
		return false;
	if (!unbase64(seal->salt, salt, sizeof(salt)) ||
	    !unbase64(seal->wrapped, wrapped, sizeof(wrapped)) ||
	    !unbase64(seal->check, check, sizeof(check)))
		return err_set(e, ERR_IO,
			       "the state's seal is damaged; restore the state from a backup");
	derive_wrapping(seal, from, salt, &wrapping);
	bind_to(&aad, lineage, "data-key", "");
	if (!aead_open(wrapping.bytes, buf_bytes(&aad), (struct bytes){ wrapped, sizeof(wrapped) },
		       &opened, e))
		return err_set(e, ERR_INPUT, "the %s does not open the state",
			       from->is_key ? "key file" : "passphrase");
	make_check(lineage, &opened, expected);
	if (!bytes_equal(check, expected, sizeof(check)))
		return err_set(e, ERR_IO,
			       "the state's seal is damaged; restore the state from a backup");
	*data_key = TAKE(opened);
	return true;
}

/* ---- private keys ---- */

/* Record of a private key; exactly one member is set. */
struct kept_key {
	struct secret unsealed; /* PKCS#8 */
	struct secret sealed;
};

static void kept_key_release(struct kept_key *k)
{
	secret_release(&k->unsealed);
	secret_release(&k->sealed);
}
AUTO_STRUCT(kept_key, struct kept_key, kept_key_release)

static const struct member kept_key_members[] = {
	SECRET_MEMBER("unsealed", struct kept_key, unsealed, .absent = ABSENT_OMITTED,
		      .most = PRIVATE_KEY_LIMIT),
	SECRET_MEMBER("sealed", struct kept_key, sealed, .absent = ABSENT_OMITTED,
		      .most = PRIVATE_KEY_LIMIT),
	{ 0 },
};

void key_encode(const struct key_place *place, const struct secret *pkcs8, struct secret *value)
{
	AUTO(kept_key) kept = { 0 };
	AUTO(buf) aad = { 0 };

	if (!place->data_key) {
		secret_copy(&kept.unsealed, pkcs8->bytes, pkcs8->len);
	} else {
		secret_alloc(&kept.sealed, pkcs8->len + AEAD_OVERHEAD);
		bind_to(&aad, place->lineage, "key", place->spki);
		aead_seal(place->data_key->bytes, buf_bytes(&aad), secret_bytes(pkcs8),
			  kept.sealed.bytes);
	}

	AUTO(json) json = json_encode(kept_key_members, &kept);

	json_to_secret(json, value);
}

static bool open_value(const struct key_place *place, const struct stored_record *r,
		       struct secret *pkcs8, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) aad = { 0 };
	AUTO(kept_key) kept = { 0 };

	if (!record_decode(r, kept_key_members, &a, &kept, e))
		return false;
	if (!kept.unsealed.len && !kept.sealed.len)
		return record_damaged(r, "the key is missing", e);
	if (kept.unsealed.len && place->data_key)
		return record_damaged(r, "its key is not sealed, but the state is", e);
	if (!kept.unsealed.len && !place->data_key)
		return record_damaged(r, "its key is sealed, the state is not", e);
	if (!place->data_key) {
		secret_release(pkcs8);
		*pkcs8 = TAKE(kept.unsealed);
		return true;
	}
	bind_to(&aad, place->lineage, "key", place->spki);
	if (!aead_open(place->data_key->bytes, buf_bytes(&aad), secret_bytes(&kept.sealed), pkcs8,
		       e))
		return err_in(e, "record '%s'", r->key);
	return true;
}

bool key_decode(const struct key_place *place, const struct stored_record *r, struct secret *pkcs8,
		struct err *e)
{
	bool opened = open_value(place, r, pkcs8, e);

	wipe((char *)r->value, strlen(r->value));
	return opened;
}
