/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/bundle.h"
#include "bundle/bundle_layout.h"
#include "bundle/manifest.h"
#include "bundle/zip.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Writes "SERIAL RUN HISTORY LINEAGE" to `answer`; "0 -": no history. */
bool bundle_decode_head(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	const struct bytes zip = { count ? in->bytes : "", count ? in->len : 0 };
	AUTO(buf) json = { .limit = BUNDLE_LIMIT };
	AUTO(bundle) b = { 0 };

	if (!zip_find(zip, ENTRY_MANIFEST, &json, e) ||
	    !manifest_read_head((struct bytes){ json.data, json.len }, &b, e))
		return false;
	buf_printf(answer, "%" PRId64 " %u %s %s", b.serial, b.history_run,
		   b.history ? b.history : "-", b.lineage);
	return true;
}

bool bundle_read_head(const void *bytes, size_t len, struct arena *a, struct bundle_head *out,
		      struct err *e)
{
	const struct span in = { bytes, len };
	const struct decode d = { .fn = bundle_decode_head, .in = &in, .count = 1 };
	AUTO(secret) answer = { 0 };
	char *end = NULL;

	if (!decoder_run(&d, &answer, e))
		return false;

	const char *text = arena_strndup(a, (const char *)answer.bytes, answer.len);

	out->serial = strtoll(text, &end, 10);
	out->history_run = (unsigned)strtoul(end, &end, 10);
	end += *end ? 1 : 0;
	out->history = arena_strndup(a, end, strcspn(end, " "));
	end += strcspn(end, " ");
	out->lineage = *end ? end + 1 : end;
	return true;
}
