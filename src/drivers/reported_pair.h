/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pair that something says it holds, as PEM texts, and what they amount
 * to.  Wiped by held_release().
 */
#ifndef DRIVERS_REPORTED_PAIR_H
#define DRIVERS_REPORTED_PAIR_H

#include "drivers/driver.h"
#include "install/installed_pair.h"
#include "install/pair_files.h"

#include <stdbool.h>
#include <stddef.h>

struct held {
	struct pieces pieces;
	const char *names[PART_COUNT]; /* of the parts that were put */
	unsigned parts;
	struct verdict verdict;
};

void held_release(struct held *h);
AUTO_STRUCT(held, struct held, held_release)

/* `name` is what messages call it. */
void held_put(struct held *h, enum part part, const char *name, const struct secret *text);
/* It should be there, but is not. */
void held_miss(struct held *h, enum part part, const char *name);
/* After all was put. */
void held_judge(struct held *h, struct arena *a);
/* The answer of a probe, as far as it is about what is installed. */
void held_tell(const struct held *h, struct probe_answer *out);
/* The answer of a read; ERR_MISSING: there is nothing. */
MUST_CHECK bool held_give(const struct held *h, struct job *j, struct err *e);
/*
 * Whether a commit may replace it: it is what the job expects.  ERR_STALE.
 */
MUST_CHECK bool held_is_expected(const struct held *h, const struct job *j, struct err *e);

#endif
