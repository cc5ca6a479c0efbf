/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state_copy.h"

#include "base/vec.h"
#include "state/records.h"
#include "state/state_internal.h"

/* Prefixes of the carried records, sorted; a whole key is one as well. */
static const char *const carried[] = { ACCEPTED_KEY, AGENT_PREFIX, COMPONENT_PREFIX };

bool state_carried(struct state *s, struct arena *a, struct stored_record **out, size_t *count,
		   struct err *e)
{
	VEC(struct stored_record) all = { 0 };

	for (size_t i = 0; i < sizeof(carried) / sizeof(*carried); i++) {
		struct stored_record *some = NULL;
		size_t found = 0;

		if (!s->backend->ops->list(s->backend, carried[i], a, &some, &found, e))
			return false;
		for (size_t k = 0; k < found; k++)
			VEC_PUSH(&all, a, some[k]);
	}
	*out = all.items;
	*count = all.count;
	return true;
}
