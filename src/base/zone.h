/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A time zone of the system's tzdata as plain data: what the local time is ahead of
 * UTC, from when on.  Read once through the C library; afterwards nobody looks at files
 * or at TZ in the environment, so that a zone may be used anywhere and by any thread.
 *
 * Local times are seconds since 1970 as if they were UTC.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone_shift {
	int64_t from;
	int32_t ahead; /* seconds */
};

struct zone {
	const char *name; /* Europe/Vienna */
	const struct zone_shift *shifts;
	size_t count; /* at least one; the first holds before it too, the last for ever */
};

extern const struct zone zone_utc;

/*
 * Reads a zone, from 2000 to 2150; false when there is none of that name.  Changes TZ for
 * as long as it takes: no other thread may run.
 */
bool zone_read(const char *name, struct arena *a, struct zone *out);

int64_t zone_to_local(const struct zone *z, int64_t utc);
/*
 * When the clocks show a local time: of two such moments the first; of none, since the
 * clocks are put forward over it, the moment at which they are.
 */
int64_t zone_from_local(const struct zone *z, int64_t local);

#endif
