/* SPDX-License-Identifier: Apache-2.0 */
#include "config/deliver_http.h"

#include <string.h>

bool caddy_check(struct loader *ld, const struct node *n, void *out)
{
	const struct caddy *c = out;

	return !strchr(c->id, '/') || config_error(ld, node_find(n, "id"), "'id' holds a slash");
}

void caddy_locate(struct arena *a, struct deliver *d)
{
	d->place = arena_printf(a, "%s/id/%s", d->caddy->admin, d->caddy->id);
}
