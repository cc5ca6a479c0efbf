/* SPDX-License-Identifier: Apache-2.0 */
#include "model/renewal.h"

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
