/* SPDX-License-Identifier: Apache-2.0 */
#include "state/bundle_records.h"

#include "state/change.h"
#include "state/records.h"
#include "state/state_internal.h"

#include <string.h>

static const struct member bundle_verified_members[] = {
	TEXT_MEMBER("name", struct bundle_verified, name),
	FINGERPRINT_MEMBER("sha256", struct bundle_verified, sha256),
	TIME_MEMBER("verified_at", struct bundle_verified, at),
	{ 0 },
};

static bool read_bundle_record(const struct stored_record *r, struct arena *a,
			       struct bundle_verified *out, struct err *e)
{
	AUTO(arena) own = { 0 };
	struct bundle_verified b = { 0 };

	if (!record_decode(r, bundle_verified_members, a, &b, e))
		return false;
	if (strcmp(record_key(&own, BUNDLE_PREFIX, b.name), r->key) != 0)
		return record_damaged(r, "its content belongs to another record", e);
	*out = b;
	return true;
}

bool bundle_check(const struct stored_record *r, struct arena *a, struct err *e)
{
	struct bundle_verified ignored = { 0 };

	return read_bundle_record(r, a, &ignored, e);
}

bool state_bundles(struct state *s, struct arena *a, const struct bundle_verified **out,
		   size_t *count, struct err *e)
{
	AUTO(arena) own = { 0 };
	struct stored_record *records = NULL;
	size_t found = 0;

	if (!s->backend->ops->list(s->backend, BUNDLE_PREFIX, &own, &records, &found, e))
		return false;

	struct bundle_verified *all = arena_array(a, found, sizeof(*all));

	for (size_t i = 0; i < found; i++)
		if (!read_bundle_record(&records[i], a, &all[i], e))
			return false;
	*out = all;
	*count = found;
	return true;
}

void change_bundle(struct change *c, const struct bundle_verified *b)
{
	struct arena *a = &c->arena;

	change_put(c, record_key(a, BUNDLE_PREFIX, b->name),
		   record_encode(bundle_verified_members, b, a));
}

void change_forget_bundle(struct change *c, const char *name)
{
	change_put(c, record_key(&c->arena, BUNDLE_PREFIX, name), NULL);
}
