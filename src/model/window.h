/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maintenance windows and change freezes: when something may be done to the processes of
 * a role.  A role without windows is open always, but in a freeze.
 */
#ifndef MODEL_WINDOW_H
#define MODEL_WINDOW_H

#include "base/arena.h"
#include "base/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fleet;
struct role;

enum {
	WEEKDAYS = 7,
	EVERY_DAY = (1 << WEEKDAYS) - 1,
};
/* From "mon"; ends with NULL. */
extern const char *const weekday_names[WEEKDAYS + 1];

/*
 * Opens at a local time of some days; lasts so many seconds whatever the clocks do
 * meanwhile.  A time that the clocks are put forward over is the moment they are; of one
 * that comes twice it is the first.
 */
struct window {
	unsigned days; /* a bit for each weekday, Monday the lowest */
	int64_t start; /* seconds of the local day */
	int64_t duration;
	const struct zone *zone;
};

struct freeze {
	int64_t from;
	int64_t to;
	const char *reason;
};

/* A time in which a role is open: windows that touch are one; freezes are cut out. */
struct open_span {
	int64_t from;
	int64_t until;
	const struct freeze *frozen; /* lasts at the time that was asked about; NULL: none */
};

/* Whether it has a window, or it or the fleet has a freeze. */
bool role_is_scheduled(const struct fleet *f, const struct role *r);
/* The first opening that ends after `at`: the role is open when it begins at `at` or before. */
struct open_span role_opening(const struct fleet *f, const struct role *r, int64_t at);
/* When a role opens that is not open `at`; 0: it is open. */
int64_t role_waits_until(const struct fleet *f, const struct role *r, int64_t at);
/* The last opening from `least` on that begins before `before`; false: there is none. */
bool role_last_opening(const struct fleet *f, const struct role *r, int64_t least, int64_t before,
		       struct open_span *out);
/* The freeze that a time lies in; NULL: none. */
const struct freeze *role_frozen(const struct fleet *f, const struct role *r, int64_t at);

/* "from 2026-11-24T01:00:00Z to 2026-11-24T04:00:00Z"; in `a`. */
const char *opening_words(const struct open_span *o, struct arena *a);

#endif
