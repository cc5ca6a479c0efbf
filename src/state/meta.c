/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state_internal.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "state/records.h"

enum {
	FORMAT = 1,
	UUID_BYTES = 16
};

static const struct record_field format_fields[] = {
	UNSIGNED_FIELD(struct meta, format),
	{ 0 },
};
static const struct record_field meta_fields[] = {
	UNSIGNED_FIELD(struct meta, format),
	TEXT_FIELD(struct meta, fleet),
	TEXT_FIELD(struct meta, lineage),
	INT64_FIELD(struct meta, serial),
	UNSIGNED_FIELD(struct meta, runs),
	UNSIGNED_FIELD(struct meta, run),
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
	AUTO(json) json = fields_encode(meta_fields, m);

	if (m->seal.kdf)
		json_object_set_new(json, "seal", fields_encode(seal_fields, &m->seal));
	return json_to_text(json, a);
}

static bool meta_decode(const json_t *json, struct arena *a, struct meta *m, struct err *e)
{
	const json_t *seal = json_object_get(json, "seal");

	return fields_decode(meta_fields, json, a, m, e) &&
	       (!seal || fields_decode(seal_fields, seal, a, &m->seal, e));
}

bool meta_read(const struct stored_record *r, struct arena *a, struct meta *out, struct err *e)
{
	AUTO(json) json = NULL;
	struct meta m = { 0 };
	struct err why = { 0 };

	if (!record_parse(r, &json, e))
		return false;
	if (!fields_decode(format_fields, json, a, &m, &why))
		return record_damaged(r, why.text, e);
	if (m.format > FORMAT)
		return err_set(
			e, ERR_INPUT,
			"the state was written by a newer certfleet (format %u, this one knows %d); use that one",
			m.format, FORMAT);
	if (!meta_decode(json, a, &m, &why))
		return record_damaged(r, why.text, e);
	*out = m;
	return true;
}
