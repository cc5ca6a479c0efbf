/* SPDX-License-Identifier: Apache-2.0 */
#include "model/appmon_seen.h"

#include "base/text.h"

#include <stdlib.h>

const struct collector_seen *appmon_seen_collector(const struct appmon_seen *s, const char *name,
						   const char *host)
{
	const struct collector_seen wanted = { .name = name, .host = host };

	return s->count ? bsearch(&wanted, s->collectors, s->count, sizeof(*s->collectors),
				  text_compare_two)
			: NULL;
}
