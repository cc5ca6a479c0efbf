/* SPDX-License-Identifier: Apache-2.0 */
#include "config/each.h"

#include "base/buf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	RANGE_DIGITS = 18, /* fit into 64 bits */
	RANGES = 8,        /* in one text */
};

struct range {
	const char *begin; /* its '[' */
	const char *end;   /* after its ']' */
	uint64_t first;
	uint64_t last;
	int width;
};

/* Finds the next range at or after `text`. */
static bool find_range(const char *text, struct range *r)
{
	static const char digits[] = "0123456789";

	for (const char *at = strchr(text, '['); at; at = strchr(at + 1, '[')) {
		size_t low = strspn(at + 1, digits);
		const char *dash = at + 1 + low;

		if (!low || low > RANGE_DIGITS || *dash != '-')
			continue;

		size_t high = strspn(dash + 1, digits);

		if (!high || high > RANGE_DIGITS || dash[1 + high] != ']')
			continue;
		*r = (struct range){ at, dash + 2 + high, strtoull(at + 1, NULL, 10),
				     strtoull(dash + 1, NULL, 10), (int)low };
		return true;
	}
	return false;
}

/* True for "[a-c]", "[1,3]", "[01..50]", which never belong in a name. */
static bool is_range_like(const char *begin)
{
	size_t len = strspn(begin + 1,
			    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,-");
	const char *end = begin + 1 + len;

	for (const char *at = begin + 1; *end == ']' && at < end; at++)
		if (*at == '-' || *at == ',' || !strncmp(at, "..", 2))
			return true;
	return false;
}

bool range_count(struct loader *ld, const struct node *n, uint64_t *count)
{
	struct range r;
	size_t ranges = 0;

	*count = 1;
	for (const char *at = n->text; find_range(at, &r); at = r.end) {
		if (r.last < r.first)
			return config_error(ld, n, "the range %.*s runs backwards",
					    (int)(r.end - r.begin), r.begin);
		if (++ranges > RANGES)
			return config_error(ld, n, "more than %d ranges", RANGES);
		if (__builtin_mul_overflow(*count, r.last - r.first + 1, count))
			*count = UINT64_MAX;
	}
	return true;
}

void range_check(struct loader *ld, const struct node *n)
{
	struct range r;

	for (const char *at = strchr(n->text, '['); at; at = strchr(at + 1, '[')) {
		bool range = find_range(at, &r) && r.begin == at;

		if (range || !is_range_like(at))
			continue;
		warn(ld, n,
		     "'%s' stays as it is: a range is two numbers joined by '-', as in [01-50]",
		     shown(ld, n->text));
		return;
	}
}

const char *range_item(struct loader *ld, const char *text, uint64_t index)
{
	AUTO(buf) out = { 0 };
	struct range ranges[RANGES];
	uint64_t values[RANGES];
	size_t count = 0;
	const char *at = text;

	while (count < RANGES && find_range(at, &ranges[count]))
		at = ranges[count++].end;
	for (size_t i = count; i-- > 0;) {
		uint64_t size = ranges[i].last - ranges[i].first + 1;

		values[i] = ranges[i].first + index % size;
		index /= size;
	}
	at = text;
	for (size_t i = 0; i < count; i++) {
		buf_add(&out, at, (size_t)(ranges[i].begin - at));
		buf_printf(&out, "%0*" PRIu64, ranges[i].width, values[i]);
		at = ranges[i].end;
	}
	buf_puts(&out, at);
	return arena_strdup(&ld->fleet.arena, buf_text(&out));
}
