/* SPDX-License-Identifier: Apache-2.0 */
#include "model/renewal.h"

enum {
	DEADLINE_MOST = 7 * 24 * 3600, /* seconds; also when the life is unknown */
	DEADLINE_SHARE = 10,
	SPREAD_STEPS = 1000
};

/* Lifetime from the issue on: not_before of our own certificates is backdated. */
static int64_t renewal_lifetime(const struct generation *g)
{
	int64_t whole = g->not_after - g->not_before;

	return g->source == SOURCE_ISSUED && whole > BACKDATE_SECONDS ? whole - BACKDATE_SECONDS
								      : whole;
}

/* Seconds before the end, without the spread. */
static int64_t renewal_window(const struct generation *g, struct renew_before rb)
{
	int64_t lifetime = renewal_lifetime(g);

	if (rb.seconds > 0 && rb.seconds < lifetime)
		return rb.seconds;
	if (rb.percent > 0 && rb.percent < 100)
		return lifetime * rb.percent / 100;
	return lifetime / 3;
}

/* FNV-1a: the same on every machine and in every version, 0 to SPREAD_STEPS - 1. */
static int64_t spread_of_name(const char *name)
{
	uint64_t hash = 14695981039346656037ULL;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 1099511628211ULL;
	return (int64_t)((hash ^ hash >> 32) % SPREAD_STEPS);
}

int64_t renewal_spread(const struct generation *g, const struct certificate *c)
{
	int64_t window = renewal_window(g, c->renew_before);
	int64_t most = window * c->spread / 100;
	int64_t room = (renewal_lifetime(g) - window) / 2;

	if (most > room)
		most = room;
	return most > 0 ? most * spread_of_name(c->name) / SPREAD_STEPS : 0;
}

int64_t renewal_due_at(const struct generation *g, const struct certificate *c)
{
	return g->not_after - renewal_window(g, c->renew_before) - renewal_spread(g, c);
}

struct served_end renewal_served_end(const struct snapshot *s, const struct component_seen *seen)
{
	const char *served = seen->now.served;
	const struct generation *g = served && *served ? snapshot_generation(s, served) : NULL;
	struct served_end end = { .not_after = seen->now.served_not_after };
	int64_t before = DEADLINE_MOST;

	if (g && !end.not_after)
		end.not_after = g->not_after;
	if (g && renewal_lifetime(g) / DEADLINE_SHARE < before)
		before = renewal_lifetime(g) / DEADLINE_SHARE;
	if (end.not_after)
		end.deadline = end.not_after - before;
	return end;
}
