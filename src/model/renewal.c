/* SPDX-License-Identifier: Apache-2.0 */
#include "model/renewal.h"

enum {
	DEADLINE_MOST = 7 * 24 * 3600, /* seconds; also when the life is unknown */
	DEADLINE_SHARE = 10
};

/* Lifetime from the issue on: not_before of our own certificates is backdated. */
static int64_t renewal_lifetime(const struct generation *g)
{
	int64_t whole = g->not_after - g->not_before;

	return g->source == SOURCE_ISSUED && whole > BACKDATE_SECONDS ? whole - BACKDATE_SECONDS
								      : whole;
}

int64_t renewal_due_at(const struct generation *g, struct renew_before rb)
{
	int64_t lifetime = renewal_lifetime(g);
	int64_t before = lifetime / 3;

	if (rb.seconds > 0 && rb.seconds < lifetime)
		before = rb.seconds;
	else if (rb.percent > 0 && rb.percent < 100)
		before = lifetime * rb.percent / 100;
	return g->not_after - before;
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
