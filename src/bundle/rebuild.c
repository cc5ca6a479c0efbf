/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/bundle.h"

#include "base/vec.h"
#include "bundle/assembly.h"
#include "bundle/bundle_layout.h"
#include "bundle/entries.h"
#include "bundle/entry_check.h"
#include "bundle/zip.h"
#include "crypto/crypto.h"

#include <string.h>

static bool rebuild_compare(struct bytes found, const struct buf *built, struct err *e)
{
	const char *bytes = found.data;
	size_t at = 0;

	while (at < found.len && at < built->len && bytes[at] == built->data[at])
		at++;
	return (at == found.len && at == built->len) ||
	       err_set(e, ERR_INPUT,
		       "byte %zu of the bundle is not what this version of certfleet writes for its content",
		       at);
}

bool bundle_decode_rebuilt(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	const struct bytes zip = { count ? in->bytes : "", count ? in->len : 0 };
	AUTO(arena) a = { 0 };
	AUTO(unpacked) c = { 0 };
	AUTO(assembly) as = { 0 };
	AUTO(buf) frames = { .limit = answer->limit };
	AUTO(buf) built = { .limit = BUNDLE_LIMIT };
	struct entries entries = { 0 };
	struct sealed sealed = { 0 };

	if (!zip_unpack(zip, NULL, &frames, e) ||
	    !entries_unframe(buf_text(&frames), frames.len, &a, &entries, e) ||
	    !entry_check_read(&entries, &c, e))
		return false;

	const struct bundle_entry *hmac = entries_find(&entries, ENTRY_HMAC);
	const struct bundle_entry *keys = entries_find(&entries, ENTRY_KEYS);
	const struct bundle_entry *restore = entries_find(&entries, ENTRY_RESTORE);
	size_t slots = unpacked_recipients(&entries);

	/* the manifest has the hash of RESTORE.txt; the encrypted parts are taken over too */
	sealed.restore_text = restore ? restore->data : NULL;
	for (size_t i = 0; i < slots; i++)
		VEC_PUSH(&sealed.recipients, &a, *entries_find(&entries, layout_recipient(i, &a)));
	if (keys)
		sealed.keys_zip = (struct bytes){ keys->data, keys->len };
	buf_expect(&built, zip.len);
	return assembly_prepare(&as, &c.bundle, c.manifest.has_key, &sealed, e) &&
	       assembly_pack(&as, (struct bytes){ hmac->data, hmac->len }, &built, e) &&
	       rebuild_compare(zip, &built, e);
}

bool bundle_rebuild_matches(const void *bytes, size_t len, struct err *e)
{
	const struct span in = { bytes, len };
	const struct decode d = { .fn = bundle_decode_rebuilt, .in = &in, .count = 1 };
	AUTO(secret) nothing = { 0 };

	if (len > BUNDLE_LIMIT)
		return err_set(e, ERR_INPUT, "it is larger than %d bytes", BUNDLE_LIMIT);
	return decoder_run(&d, &nothing, e);
}
