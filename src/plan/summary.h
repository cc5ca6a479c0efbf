/* SPDX-License-Identifier: Apache-2.0 */
/* Step counts of a plan, by kind.  Internal to plan/. */
#ifndef PLAN_SUMMARY_H
#define PLAN_SUMMARY_H

#include "base/buf.h"
#include "model/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct summary {
	size_t steps[STEP_KIND_COUNT];
};

struct summary plan_summary(const struct plan *p);
/* "2 to issue, 1 backup, 3 to stage; 97 unchanged" */
void summary_words(const struct plan *p, struct buf *out);
/* "12 agents lose data meanwhile"; `told`: the number is known. */
void impact_words(bool told, int64_t agents, struct buf *out);

#endif
