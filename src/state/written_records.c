/* SPDX-License-Identifier: Apache-2.0 */
#include "state/written_records.h"

#include "base/text.h"
#include "state/change.h"
#include "state/records.h"
#include "state/state_internal.h"

#include <stdlib.h>
#include <string.h>

static const struct member written_members[] = {
	TEXT_MEMBER("path", struct written_file, path),
	FINGERPRINT_MEMBER("fingerprint", struct written_file, fingerprint),
	TEXT_MEMBER("form", struct written_file, form),
	FINGERPRINT_MEMBER("sha256", struct written_file, sha256),
	FLAG_MEMBER("complete", struct written_file, complete),
	FLAG_MEMBER("handoff", struct written_file, handoff),
	TEXTS_MEMBER("former", struct written_file, former, former_count),
	{ 0 },
};

static bool written_decode(const struct stored_record *r, struct arena *a, struct written_file *out,
			   struct err *e)
{
	AUTO(arena) own = { 0 };
	struct written_file f = { 0 };

	if (!record_decode(r, written_members, a, &f, e))
		return false;
	if (strcmp(record_key(&own, WRITTEN_PREFIX, f.path), r->key) != 0)
		return record_damaged(r, "its content belongs to another record", e);
	*out = f;
	return true;
}

bool written_check(const struct stored_record *r, struct arena *a, struct err *e)
{
	struct written_file ignored = { 0 };

	return written_decode(r, a, &ignored, e);
}

bool state_written(struct state *s, struct arena *a, const struct written_file **out, size_t *count,
		   struct err *e)
{
	AUTO(arena) own = { 0 };
	struct stored_record *records = NULL;
	size_t found = 0;

	if (!s->backend->ops->list(s->backend, WRITTEN_PREFIX, &own, &records, &found, e))
		return false;

	struct written_file *all = arena_array(a, found, sizeof(*all));

	for (size_t i = 0; i < found; i++)
		if (!written_decode(&records[i], a, &all[i], e))
			return false;
	/* keys sort differently from paths because of '%' */
	if (found)
		qsort(all, found, sizeof(*all), text_compare);
	*out = all;
	*count = found;
	return true;
}

void change_written(struct change *c, const struct written_file *f)
{
	change_put(c, record_key(&c->arena, WRITTEN_PREFIX, f->path),
		   record_encode(written_members, f, &c->arena));
}

void change_forget_written(struct change *c, const char *path)
{
	change_put(c, record_key(&c->arena, WRITTEN_PREFIX, path), NULL);
}
