/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON of a plan in parts, so that a large one can be compared without
 * being built twice.  Internal to plan/.
 */
#ifndef PLAN_RENDER_JSON_H
#define PLAN_RENDER_JSON_H

#include "model/plan.h"

#include <jansson.h>
#include <stddef.h>

/* One of the plan's arrays. */
struct plan_list {
	const char *key;
	size_t count; /* where struct plan has how many there are */
	json_t *(*item)(const struct plan *p, size_t index); /* the caller's */
};

extern const struct plan_list plan_lists[]; /* ends with a NULL key */

size_t plan_list_count(const struct plan_list *l, const struct plan *p);
/* All keys, with null where the lists are; the caller owns it. */
json_t *plan_head_to_json(const struct plan *p);

#endif
