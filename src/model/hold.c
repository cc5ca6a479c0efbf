/* SPDX-License-Identifier: Apache-2.0 */
#include "model/hold.h"

#include "base/text.h"
#include "model/issue_request.h"

enum {
	DAY = 86400,
	USUAL_DAYS = 7, /* of a hold, at most */
};

const struct generation *held_generation(const struct snapshot *s, const struct certificate *c,
					 int64_t at)
{
	AUTO(arena) a = { 0 };
	size_t count = 0;
	const struct generation *g = snapshot_generations(s, OF_CERTIFICATE, c->name, &count);

	for (size_t i = 0; i < count; i++)
		if (g[i].held_until > at &&
		    text_equal(g[i].held_request, certificate_request(c, &a)))
			return &g[i];
	return NULL;
}

bool generation_was_withdrawn(const struct snapshot *s, const struct generation *g)
{
	size_t count = 0;
	const struct generation *all = snapshot_generations(s, g->of, g->owner, &count);

	for (size_t i = 0; i < count; i++)
		if (all[i].reissued && all[i].number > g->number)
			return true;
	return false;
}

int64_t hold_latest_end(const struct generation *g)
{
	return g->not_after - DAY;
}

int64_t hold_usual_end(const struct generation *g, int64_t at)
{
	int64_t half = at + (g->not_after - at) / 2;
	int64_t usual = at + USUAL_DAYS * DAY;
	int64_t end = half < usual ? half : usual;

	return end < hold_latest_end(g) ? end : hold_latest_end(g);
}

const struct generation *desired_generation(const struct snapshot *s, const struct certificate *c,
					    int64_t at)
{
	const struct import_seen *import = snapshot_import(s, c->name);
	const struct generation *held = NULL;

	if (c->builtin)
		return NULL;
	if (certificate_is_issued(c)) {
		held = held_generation(s, c, at);
		return held ? held : snapshot_newest_from(s, c->name, SOURCE_ISSUED);
	}
	if (import && import_is_known(import))
		return &import->found;
	return snapshot_last_import(s, c->name);
}
