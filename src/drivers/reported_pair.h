/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pair that something says it holds, as PEM texts, and what they amount
 * to.  Wiped by reported_pair_release().
 */
#ifndef DRIVERS_REPORTED_PAIR_H
#define DRIVERS_REPORTED_PAIR_H

#include "drivers/driver.h"
#include "install/installed_pair.h"
#include "install/pair_files.h"

#include <stdbool.h>
#include <stddef.h>

struct reported_pair {
	struct pair_files pieces;
	const char *names[FILE_KIND_COUNT]; /* of the parts that were put */
	unsigned parts;
	struct installed_pair verdict;
};

void reported_pair_release(struct reported_pair *h);
AUTO_STRUCT(reported_pair, struct reported_pair, reported_pair_release)

/* `name` is what messages call it. */
void reported_pair_set(struct reported_pair *h, enum file_kind part, const char *name,
		       const struct secret *text);
/* It should be there, but is not. */
void reported_pair_missing(struct reported_pair *h, enum file_kind part, const char *name);
/* After all was put. */
void reported_pair_check(struct reported_pair *h, struct arena *a);
/* The answer of a read; ERR_MISSING: there is nothing. */
MUST_CHECK bool reported_pair_give(const struct reported_pair *h, struct job *j, struct err *e);
/* Whether it is this pair, undamaged; "": whether there is none. */
bool reported_pair_is(const struct reported_pair *h, const char *fingerprint);
/*
 * Whether a commit may replace it: it is what the job expects.  ERR_STALE.
 */
MUST_CHECK bool reported_pair_is_expected(const struct reported_pair *h, const struct job *j,
					  struct err *e);

#endif
