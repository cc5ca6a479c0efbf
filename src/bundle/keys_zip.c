/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/keys_zip.h"

#include "base/parallel.h"
#include "base/sandbox.h"
#include "bundle/bundle.h"
#include "bundle/slot.h"
#include "bundle/zip.h"

#include <string.h>

enum {
	SHARE_KEYS = 100, /* fewer are not worth a process */
};

static size_t share_count(size_t keys)
{
	size_t most = parallel_processors();

	if (most > SANDBOX_AT_ONCE)
		most = SANDBOX_AT_ONCE;
	if (most > keys / SHARE_KEYS)
		most = keys / SHARE_KEYS;
	return most ? most : 1;
}

static unsigned share_seconds(size_t keys)
{
	return SANDBOX_SECONDS + (unsigned)(keys / BUNDLE_KEYS_PER_SECOND);
}

struct shares {
	struct secret list[SANDBOX_AT_ONCE];
	size_t count;
};

static void shares_release(struct shares *s)
{
	for (size_t i = 0; i < s->count; i++)
		secret_release(&s->list[i]);
}
AUTO_STRUCT(shares, struct shares, shares_release)

/* ---- packing ---- */

/* Keys to pack in the sandbox (bundle/zip.h). */
struct key_share {
	struct entries entries;
	const struct secret *password;
};

static bool pack_share(void *ctx, struct buf *answer, struct err *e)
{
	const struct key_share *s = ctx;

	return zip_pack(&s->entries, s->password, answer, e);
}

bool keys_zip_pack(const struct entries *keys, const struct secret *text, struct secret *zip,
		   struct err *e)
{
	AUTO(secret) password = { 0 };
	AUTO(shares) packed = { .count = text->len ? share_count(keys->count) : 1 };
	struct key_share shares[SANDBOX_AT_ONCE];
	struct sandbox_work works[SANDBOX_AT_ONCE];

	if (text->len)
		slot_password(text, &password);
	for (size_t i = 0; i < packed.count; i++) {
		size_t first = keys->count * i / packed.count;
		size_t end = keys->count * (i + 1) / packed.count;

		shares[i] = (struct key_share){
			.entries = { .items = keys->items + first, .count = end - first },
			.password = text->len ? &password : NULL,
		};
		works[i] = (struct sandbox_work){ .fn = pack_share,
						  .ctx = &shares[i],
						  .seconds = share_seconds(keys->count) };
	}
	return sandbox_work_all(works, packed.count, packed.list, e) &&
	       zip_join(packed.list, packed.count, zip, e);
}

/* ---- unpacking ---- */

/* Decoder of a share: archive, password (empty: none), and two bytes, its index and of how many. */
bool bundle_decode_keys(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	const uint8_t *share = count == 3 ? in[2].bytes : NULL;
	AUTO(secret) password = { 0 };

	if (!share || in[2].len != 2 || share[0] >= share[1])
		return err_set(e, ERR_INPUT, "no share of keys");
	secret_copy(&password, in[1].bytes, in[1].len);
	return zip_unpack_share((struct bytes){ in[0].bytes, in[0].len },
				password.len ? &password : NULL,
				(struct zip_share){ share[0], share[1] }, answer, e);
}

/* The first of the shares takes in the others. */
static void join_frames(struct shares *s)
{
	struct secret whole = { 0 };
	size_t len = 0;

	for (size_t i = 0; i < s->count; i++)
		len += s->list[i].len;
	secret_alloc(&whole, len);
	len = 0;
	for (size_t i = 0; i < s->count; i++) {
		memcpy(whole.bytes + len, s->list[i].bytes, s->list[i].len);
		len += s->list[i].len;
	}
	shares_release(s);
	s->list[0] = whole;
}

bool keys_zip_unpack(struct bytes zip, const struct secret *text, size_t count,
		     struct secret *frames, struct err *e)
{
	AUTO(secret) password = { 0 };
	AUTO(shares) shares = { .count = text ? share_count(count) : 1 };
	uint8_t parts[SANDBOX_AT_ONCE][2];
	struct span in[SANDBOX_AT_ONCE][3];
	struct decode list[SANDBOX_AT_ONCE];

	if (text)
		slot_password(text, &password);
	for (size_t i = 0; i < shares.count; i++) {
		parts[i][0] = (uint8_t)i;
		parts[i][1] = (uint8_t)shares.count;
		in[i][0] = (struct span){ zip.data, zip.len };
		in[i][1] = (struct span){ password.bytes, password.len };
		in[i][2] = (struct span){ parts[i], sizeof(parts[i]) };
		list[i] = (struct decode){ .fn = bundle_decode_keys,
					   .in = in[i],
					   .count = 3,
					   .seconds = text ? share_seconds(count) : 0 };
	}
	if (!decoder_run_all(list, shares.count, shares.list, e))
		return false;
	join_frames(&shares);
	*frames = TAKE(shares.list[0]);
	return true;
}
