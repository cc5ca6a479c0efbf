/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order log: the last order of a component, with the lineage of the state
 * that sent it, its number, its pair and its progress.  Written before anything
 * is changed, so that an older order can never be used again, whatever happens
 * in between.
 */
#ifndef AGENT_ORDER_LOG_H
#define AGENT_ORDER_LOG_H

#include "base/arena.h"
#include "base/err.h"
#include "model/agent_config.h"

#include <stdbool.h>
#include <stdint.h>

/* Progress of the orders with one number, which decides what may follow. */
enum order_end {
	ORDER_END_OPEN,
	ORDER_END_ACTIVATED, /* not activated again */
	ORDER_END_FAILED,    /* activation failed; it is not tried again */
	ORDER_END_ABORTED,   /* only another abort may follow */
	ORDER_END_COUNT
};

struct order_record {
	const char *lineage; /* NULL: no order yet */
	int64_t sequence;
	const char *fingerprint;
	enum order_end end;
	int64_t expires; /* expiry of that order */
	/* executables of signalled processes, kept over orders; NULL: none */
	const char *executable; /* the last one that was not rolled back */
	const char *signalled;  /* the latest one, unless it is the same */
};

/* The expected executable of the process to be signalled; NULL: unknown. */
static inline const char *order_record_executable(const struct order_record *r)
{
	return r->executable ? r->executable : r->signalled;
}

/* A damaged log is ERR_IO: the component then takes no order. */
MUST_CHECK bool order_log_read(const struct agent_config *c, const char *component, struct arena *a,
			       struct order_record *out, struct err *e);
MUST_CHECK bool order_log_write(const struct agent_config *c, const char *component,
				const struct order_record *r, struct err *e);

#endif
