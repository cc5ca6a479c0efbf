/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a component was told last: whose state ordered it, the number of that
 * order and the pair it was about.  Written before the pair is switched, so
 * that an older order can never be used again, whatever happens in between.
 */
#ifndef AGENT_ORDERED_H
#define AGENT_ORDERED_H

#include "base/arena.h"
#include "base/err.h"
#include "model/agent.h"

#include <stdbool.h>
#include <stdint.h>

struct ordered {
	const char *lineage; /* NULL: nobody told it anything yet */
	int64_t sequence;
	const char *fingerprint;
	int64_t activated; /* the sequence it was activated for; 0: none */
};

/* One that is damaged is ERR_IO: the component then takes no order. */
MUST_CHECK bool ordered_read(const struct agent_config *c,
			     const char *component, struct arena *a,
			     struct ordered *out, struct err *e);
MUST_CHECK bool ordered_write(const struct agent_config *c,
			      const char *component, const struct ordered *r,
			      struct err *e);

#endif
