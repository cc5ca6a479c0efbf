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
enum order_end {
	ORDER_END_OPEN,
	ORDER_END_ACTIVATED, /* and never again for it */
	ORDER_END_FAILED,    /* its activation did; it is not tried again */
	ORDER_END_ABORTED,   /* nothing any more */
	ORDER_END_COUNT
};

struct order_record {
	const char *lineage; /* NULL: nobody told it anything yet */
	int64_t sequence;
	const char *fingerprint;
	enum order_end end;
	int64_t expires; /* of that order */
	/* of processes that were told, kept over orders; NULL: of none */
	const char *executable; /* the last one that was not taken back */
	const char *told;       /* the last one, unless it is the same */
};

/* What a process is judged by that is to be told; NULL: nothing. */
static inline const char *order_record_executable(const struct order_record *r)
{
	return r->executable ? r->executable : r->told;
}

/* One that is damaged is ERR_IO: the component then takes no order. */
MUST_CHECK bool order_log_read(const struct agent_config *c, const char *component, struct arena *a,
			       struct order_record *out, struct err *e);
MUST_CHECK bool order_log_write(const struct agent_config *c, const char *component,
				const struct order_record *r, struct err *e);

#endif
