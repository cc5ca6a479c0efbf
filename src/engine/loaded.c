/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/loaded.h"

#include "base/alloc.h"
#include "drivers/driver.h"
#include "engine/inside.h"

#include <string.h>

struct loaded {
	struct loaded_pair *list;
	size_t count;
};

struct loaded *loaded_new(size_t limit)
{
	struct loaded *l = xcalloc(1, sizeof(*l));

	l->list = xcalloc(limit, sizeof(*l->list));
	return l;
}

void loaded_free(struct loaded *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->count; i++)
		secret_release(&l->list[i].key);
	free(l->list);
	free(l);
}

const struct loaded_pair *loaded_get(struct loaded *l, struct run *r,
				     const char *fingerprint)
{
	struct generation g = { 0 };

	for (size_t i = 0; i < l->count; i++)
		if (!strcmp(l->list[i].fingerprint, fingerprint))
			return &l->list[i];

	struct loaded_pair *p = &l->list[l->count++];

	p->fingerprint = fingerprint;
	if (run_certificates(r, fingerprint, &g, &p->set, &p->error))
		(void)!state_key(r->en->state, g.spki, &p->key, &p->error);
	return p;
}

void loaded_give(struct loaded *l, struct run *r, struct job *j,
		 struct err *error)
{
	if (!driver_wants_pair(j->component, j->verb) || !j->fingerprint ||
	    !*j->fingerprint)
		return;

	const struct loaded_pair *p = loaded_get(l, r, j->fingerprint);

	j->set = &p->set;
	j->key = &p->key;
	if (p->error.code)
		*error = p->error;
}
