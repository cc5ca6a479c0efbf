/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/passphrase.h"

#include <stdint.h>

static bool has_control(const struct secret *p)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->bytes[i] < 0x20 || p->bytes[i] == 0x7f)
			return true;
	return false;
}

static size_t different_bytes(const struct secret *p)
{
	bool seen[UINT8_MAX + 1] = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < p->len; i++) {
		count += !seen[p->bytes[i]];
		seen[p->bytes[i]] = true;
	}
	wipe(seen, sizeof(seen));
	return count;
}

bool passphrase_is_strong(const struct secret *p, struct err *e)
{
	if (has_control(p))
		return err_set(
			e, ERR_INPUT,
			"the passphrase holds control characters; use one line of printable text");
	if (p->len < PASSPHRASE_MINIMUM)
		return err_set(e, ERR_INPUT,
			       "the passphrase is shorter than %d bytes; use a longer one",
			       PASSPHRASE_MINIMUM);
	if (different_bytes(p) < PASSPHRASE_DIFFERENT)
		return err_set(e, ERR_INPUT,
			       "the passphrase has fewer than %d different bytes; use a random one",
			       PASSPHRASE_DIFFERENT);
	return true;
}
