/* SPDX-License-Identifier: Apache-2.0 */
#include "model/appmon_seen.h"

#include <stdlib.h>
#include <string.h>

static int compare_seen(const void *left, const void *right)
{
	const struct collector_seen *l = left;
	const struct collector_seen *r = right;
	int order = strcmp(l->name, r->name);

	return order ? order : strcmp(l->host, r->host);
}

const struct collector_seen *appmon_seen_collector(const struct appmon_seen *s, const char *name,
						   const char *host)
{
	const struct collector_seen wanted = { .name = name, .host = host };

	return s->count ? bsearch(&wanted, s->collectors, s->count, sizeof(*s->collectors),
				  compare_seen)
			: NULL;
}
