/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of foreign CAs that the user accepted, recorded so as not to ask again. */
#include "state/change.h"
#include "state/records.h"
#include "state/state_internal.h"

#include <stdlib.h>
#include <string.h>

struct accepted {
	const char *const *keys;
	size_t key_count;
};

static const struct member accepted_members[] = {
	TEXTS_MEMBER("keys", struct accepted, keys, key_count),
	{ 0 },
};

bool accepted_read(const struct stored_record *r, struct arena *a, const char *const **out,
		   size_t *count, struct err *e)
{
	struct accepted found = { 0 };

	if (!record_decode(r, accepted_members, a, &found, e))
		return false;
	*out = found.keys;
	*count = found.key_count;
	return true;
}

bool accepted_check(const struct stored_record *r, struct arena *a, struct err *e)
{
	const char *const *keys = NULL;
	size_t count = 0;

	return accepted_read(r, a, &keys, &count, e);
}

bool state_accepted(struct state *s, struct arena *a, const char *const **out, size_t *count,
		    struct err *e)
{
	AUTO(arena) own = { 0 };
	struct stored_record r = { 0 };

	*out = NULL;
	*count = 0;
	if (!s->backend->ops->get(s->backend, ACCEPTED_KEY, &own, &r, e))
		return err_ignore(e, ERR_MISSING);
	return accepted_read(&r, a, out, count, e);
}

void change_accepted(struct change *c, const char *const *keys, size_t count)
{
	const struct accepted all = { .keys = keys, .key_count = count };

	change_put(c, ACCEPTED_KEY, record_encode(accepted_members, &all, &c->arena));
}
