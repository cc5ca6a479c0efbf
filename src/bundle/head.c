/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sandbox.h"
#include "bundle/bundle.h"
#include "bundle/layout.h"
#include "bundle/manifest.h"
#include "bundle/zip.h"

#include <inttypes.h>
#include <stdlib.h>

/* Answers "SERIAL LINEAGE". */
static bool decode_head(void *ctx, struct buf *answer, struct err *e)
{
	const struct bytes *zip = ctx;
	AUTO(buf) json = { .limit = BUNDLE_LIMIT };
	AUTO(bundle) b = { 0 };

	if (!zip_find(*zip, ENTRY_MANIFEST, &json, e) ||
	    !manifest_read_head((struct bytes){ json.data, json.len }, &b, e))
		return false;
	buf_printf(answer, "%" PRId64 " %s", b.serial, b.lineage);
	return true;
}

bool bundle_read_head(const void *bytes, size_t len, struct arena *a,
		      struct bundle_head *out, struct err *e)
{
	struct bytes zip = { bytes, len };
	AUTO(secret) answer = { 0 };
	char *end = NULL;

	if (!sandbox_run(decode_head, &zip, &answer, e))
		return false;

	const char *text =
		arena_strndup(a, (const char *)answer.bytes, answer.len);

	out->serial = strtoll(text, &end, 10);
	out->lineage = *end ? end + 1 : end;
	return true;
}
