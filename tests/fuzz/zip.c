/* SPDX-License-Identifier: Apache-2.0 */
/* A ZIP archive, as it is and with its checksums made right. */
#include "harness.h"

#include "bundle/bundle.h"
#include "bundle/zip.h"

#include <stdlib.h>

enum {
	LOCAL = 30, /* bytes of a header, before name and extra field */
	CENTRAL = 46,
};

static unsigned number(const uint8_t *at, unsigned bytes)
{
	unsigned n = 0;

	while (bytes--)
		n = n << 8 | at[bytes];
	return n;
}

static void put(uint8_t *at, unsigned n)
{
	for (int i = 0; i < 4; i++, n >>= 8)
		at[i] = (uint8_t)n;
}

static unsigned crc(const uint8_t *bytes, size_t len)
{
	unsigned sum = ~0u;

	for (size_t i = 0; i < len; i++) {
		sum ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (0xedb88320u & -(sum & 1));
	}
	return ~sum;
}

/* Of stored entries one after the other, and of the directory behind them. */
static void mend_checksums(uint8_t *at, size_t left)
{
	unsigned sums[16];
	size_t count = 0;
	size_t told = 0;

	while (left > CENTRAL && !memcmp(at, "PK", 2)) {
		bool local = at[2] == 3;
		size_t head = local ? LOCAL + number(at + 26, 2) + number(at + 28, 2)
				    : CENTRAL + number(at + 28, 2) + number(at + 30, 2) +
					      number(at + 32, 2);
		size_t size = local ? number(at + 18, 4) : 0;

		if (head > left || size > left - head)
			return;
		if (local && count < 16 && !number(at + 8, 2))
			put(at + 14, sums[count++] = crc(at + head, size));
		else if (!local && told < count)
			put(at + 16, sums[told++]);
		at += head + size;
		left -= head + size;
	}
}

static void unpack(struct bytes zip, const struct secret *password)
{
	AUTO(buf) frames = { .limit = BUNDLE_LIMIT };
	AUTO(arena) a = { 0 };
	struct entries found = { 0 };
	struct err e = { 0 };
	bool good = zip_unpack(zip, password, &frames, &e);

	HOLDS(good == (e.code == ERR_NONE));
	if (!good || frames.failed)
		return;
	HOLDS(entries_unframe(buf_text(&frames), frames.len, &a, &found, &e));
	for (size_t i = 0; i < found.count; i++)
		HOLDS(entry_name_is_safe(found.items[i].name));
	TRY(zip_layout_check(zip, &found, &e));
}

static void find(struct bytes zip)
{
	AUTO(buf) out = { .limit = BUNDLE_LIMIT };
	struct err e = { 0 };

	TRY(zip_find(zip, "manifest.json", &out, &e));
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	uint8_t *mended = malloc(len + !len);
	const struct bytes raw = { bytes, len };
	AUTO(secret) password = secret_of(ZIP_PASSWORD, strlen(ZIP_PASSWORD));

	if (len)
		memcpy(mended, bytes, len);
	mend_checksums(mended, len);
	unpack(raw, NULL);
	unpack((struct bytes){ mended, len }, NULL);
	unpack(raw, &password);
	find(raw);
	free(mended);
}

void fuzz_seeds(void)
{
	struct bundle_entry items[] = {
		{ "RESTORE.txt", "how\n", 4 },
		{ "manifest.json", "{}", 2 },
		{ "certificates/a%2Fb/leaf.pem", "-----BEGIN", 10 },
		{ "empty", "", 0 },
	};

	seed_zips(items, sizeof(items) / sizeof(*items));
}
