/* SPDX-License-Identifier: Apache-2.0 */
#include "config/deliver_http.h"

#include <string.h>

bool caddy_check(struct loader *ld, const struct node *n, void *out)
{
	const struct caddy *c = out;

	return !strchr(c->id, '/') || config_error(ld, node_find(n, "id"), "'id' holds a slash");
}

static bool read_caddy(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	struct caddy form;
	struct caddy *caddy = NULL;

	if (n->kind != NODE_MAPPING)
		return wrong_kind(ld, f, n, "a mapping");
	if (!record_read(ld, f->param, n, &form))
		return false;
	caddy = ARENA_NEW(&ld->fleet.arena, struct caddy);
	*caddy = form;
	*(const struct caddy **)slot = caddy;
	return true;
}

const struct field_type caddy_type = { read_caddy, SHAPE_RECORD, NULL };
