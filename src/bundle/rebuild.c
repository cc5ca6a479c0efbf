/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/assembly.h"

#include "base/vec.h"
#include "bundle/bundle.h"
#include "bundle/bundle_layout.h"
#include "bundle/entries.h"
#include "bundle/entry_check.h"
#include "bundle/zip.h"
#include "crypto/crypto.h"

#include <string.h>

static uint64_t first_difference(struct bytes found, const struct buf *built)
{
	const char *bytes = found.data;
	size_t at = 0;

	if (found.len == built->len && !memcmp(bytes, built->data, found.len))
		return DIFFERS_NOT;
	while (at < found.len && at < built->len && bytes[at] == built->data[at])
		at++;
	return at;
}

bool bundle_rebuild(struct bytes zip, const struct entries *entries, const struct unpacked *c,
		    uint64_t *differs_at, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(assembly) as = { 0 };
	AUTO(buf) built = { .limit = BUNDLE_LIMIT };
	struct sealed sealed = { 0 };
	const struct bundle_entry *hmac = entries_find(entries, ENTRY_HMAC);
	const struct bundle_entry *keys = entries_find(entries, ENTRY_KEYS);
	const struct bundle_entry *restore = entries_find(entries, ENTRY_RESTORE);
	size_t slots = unpacked_recipients(entries);

	/* the manifest has the hash of RESTORE.txt; the encrypted parts are taken over too */
	sealed.restore_text = restore ? restore->data : NULL;
	for (size_t i = 0; i < slots; i++)
		VEC_PUSH(&sealed.recipients, &a, *entries_find(entries, layout_recipient(i, &a)));
	if (keys)
		sealed.keys_zip = (struct bytes){ keys->data, keys->len };
	buf_expect(&built, zip.len);
	if (!assembly_prepare(&as, &c->bundle, c->manifest.has_key, &sealed, e) ||
	    !assembly_pack(&as, (struct bytes){ hmac->data, hmac->len }, &built, e))
		return false;
	*differs_at = first_difference(zip, &built);
	return true;
}
