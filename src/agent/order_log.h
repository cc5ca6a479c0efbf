/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a component was told last: whose state ordered it, the number of that
 * order, the pair it was about and how far that got.  Written before anything
 * is changed, so that an older order can never be used again, whatever
 * happens in between.
 */
#ifndef AGENT_ORDER_LOG_H
#define AGENT_ORDER_LOG_H

#include "base/arena.h"
#include "base/err.h"
#include "model/agent_config.h"

#include <stdbool.h>
#include <stdint.h>

/* What more can come of the orders with this number. */
enum ordered_end {
	ORDERED_OPEN,
	ORDERED_ACTIVATED, /* and never again for it */
	ORDERED_FAILED,    /* its activation did; it is not tried again */
	ORDERED_ABORTED,   /* nothing any more */
	ORDERED_END_COUNT
};

struct ordered {
	const char *lineage; /* NULL: nobody told it anything yet */
	int64_t sequence;
	const char *fingerprint;
	enum ordered_end end;
	int64_t expires; /* of that order */
	/* of processes that were told, kept over orders; NULL: of none */
	const char *executable; /* the last one that was not taken back */
	const char *told;       /* the last one, unless it is the same */
};

/* What a process is judged by that is to be told; NULL: nothing. */
static inline const char *ordered_executable(const struct ordered *r)
{
	return r->executable ? r->executable : r->told;
}

/* One that is damaged is ERR_IO: the component then takes no order. */
MUST_CHECK bool ordered_read(const struct agent_config *c, const char *component, struct arena *a,
			     struct ordered *out, struct err *e);
MUST_CHECK bool ordered_write(const struct agent_config *c, const char *component,
			      const struct ordered *r, struct err *e);

#endif
