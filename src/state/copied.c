/* SPDX-License-Identifier: Apache-2.0 */
/* Which copies hold which bundles: one text each, "BUNDLE COPY". */
#include "state/change.h"
#include "state/records.h"
#include "state/state_internal.h"

struct copied {
	const char *const *texts;
	size_t text_count;
};

static const struct member copied_members[] = {
	TEXTS_MEMBER("copies", struct copied, texts, text_count),
	{ 0 },
};

bool copied_check(const struct stored_record *r, struct arena *a, struct err *e)
{
	struct copied ignored = { 0 };

	return record_decode(r, copied_members, a, &ignored, e);
}

bool state_bundle_copies(struct state *s, struct arena *a, const char *const **out, size_t *count,
			 struct err *e)
{
	AUTO(arena) own = { 0 };
	struct stored_record r = { 0 };
	struct copied found = { 0 };
	struct err why = { 0 };

	if (!s->backend->ops->get(s->backend, COPIED_KEY, &own, &r, &why)) {
		*e = why;
		if (!err_ignore(e, ERR_MISSING))
			return false;
	} else if (!record_decode(&r, copied_members, a, &found, e)) {
		return false;
	}
	*out = found.texts;
	*count = found.text_count;
	return true;
}

void change_bundle_copies(struct change *c, const char *const *texts, size_t count)
{
	const struct copied all = { .texts = texts, .text_count = count };

	change_put(c, COPIED_KEY, record_encode(copied_members, &all, &c->arena));
}
