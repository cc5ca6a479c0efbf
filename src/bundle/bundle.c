/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/bundle.h"

#include "base/clock.h"
#include "base/text.h"
#include "bundle/bundle_layout.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void bundle_release(struct bundle *b)
{
	secret_release(&b->keys);
	arena_release(&b->arena);
	*b = (struct bundle){ 0 };
}

const char *bundle_anchor(const struct bundle *b, const char *fingerprint)
{
	const struct bundle_anchor key = { .fingerprint = fingerprint };
	const struct bundle_anchor *found =
		b->anchor_count ? bsearch(&key, b->anchors, b->anchor_count, sizeof(*b->anchors),
					  layout_compare_anchors)
				: NULL;

	return found ? found->pem : NULL;
}

const char *bundle_file_name(const struct bundle *b, struct arena *a)
{
	char when[TIME_TEXT];
	char *to = when;
	AUTO(buf) fleet = { 0 };

	time_format(b->created, when);
	for (const char *from = when; *from; from++)
		if (*from != '-' && *from != ':')
			*to++ = *from;
	*to = '\0';
	text_percent(&fleet, b->fleet);
	return arena_printf(a, "%s-%010" PRId64 "-%s.zip", buf_text(&fleet), b->serial, when);
}
