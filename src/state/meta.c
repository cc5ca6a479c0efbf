/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state_internal.h"

#include "base/random.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "state/records.h"

#include <limits.h>

enum {
	FORMAT = 1,
	UUID_BYTES = 16
};

static const struct member format_members[] = {
	NUMBER_MEMBER("format", struct meta, format, 1, UINT_MAX),
	{ 0 },
};
static const struct member meta_members[] = {
	NUMBER_MEMBER("format", struct meta, format, 1, UINT_MAX),
	TEXT_MEMBER("fleet", struct meta, fleet),
	TEXT_MEMBER("lineage", struct meta, lineage),
	NUMBER_MEMBER("serial", struct meta, serial, INT64_MIN, INT64_MAX),
	NUMBER_MEMBER("runs", struct meta, runs, 0, UINT_MAX),
	NUMBER_MEMBER("run", struct meta, run, 0, UINT_MAX),
	NUMBER_MEMBER("history_run", struct meta, history.run, 0, UINT_MAX,
		      .absent = ABSENT_OMITTED),
	FINGERPRINT_MEMBER("history", struct meta, history.sha256, .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("origin", struct meta, origin.run, 0, UINT_MAX, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("origin_copy", struct meta, origin.copy, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("origin_who", struct meta, origin.who, .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("origin_at", struct meta, origin.at, 0, INT64_MAX, .absent = ABSENT_OMITTED),
	OBJECT_MEMBER("seal", struct meta, seal, seal_members, .absent = ABSENT_OMITTED),
	{ 0 },
};

/* RFC 9562, version 4. */
static const char *random_uuid(struct arena *a)
{
	uint8_t bytes[UUID_BYTES];
	char hex[2 * UUID_BYTES + 1];

	random_bytes(bytes, sizeof(bytes));
	bytes[6] = (bytes[6] & 0x0f) | 0x40;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	text_hex(bytes, sizeof(bytes), hex);
	return arena_printf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
			    hex + 20);
}

struct meta meta_new(const char *fleet, struct arena *a)
{
	return (struct meta){
		.format = FORMAT,
		.fleet = arena_strdup(a, fleet),
		.lineage = random_uuid(a),
	};
}

const char *meta_encode(const struct meta *m, struct arena *a)
{
	return record_encode(meta_members, m, a);
}

bool meta_read(const struct stored_record *r, struct arena *a, struct meta *out, struct err *e)
{
	AUTO(json) json = NULL;
	struct meta m = { 0 };
	struct err why = { 0 };

	if (!record_parse(r, &json, e))
		return false;
	if (!json_decode(format_members, json, a, &m, &why))
		return record_damaged(r, why.text, e);
	if (m.format > FORMAT)
		return err_set(
			e, ERR_INPUT,
			"the state was written by a newer certfleet (format %u, this one knows %d); use that one",
			m.format, FORMAT);
	if (!json_decode(meta_members, json, a, &m, &why))
		return record_damaged(r, why.text, e);
	*out = m;
	return true;
}
