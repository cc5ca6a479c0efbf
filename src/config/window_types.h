/* SPDX-License-Identifier: Apache-2.0 */
/* Windows and freezes in a fleet file. */
#ifndef CONFIG_WINDOW_TYPES_H
#define CONFIG_WINDOW_TYPES_H

#include "config/fields.h"
#include "model/window.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A day as a whole, in a zone that is named beside it, or a moment. */
struct freeze_edge {
	int64_t at;
	bool is_day;
};

struct freeze_form {
	struct freeze_edge from;
	struct freeze_edge to;
	const char *reason;
	const struct zone *zone;
};

extern const struct field_type weekdays_type; /* unsigned; struct list_of */
extern const struct field_type weekday_type;  /* unsigned, of one or mon..fri */
extern const struct field_type day_time_type; /* int64_t */
extern const struct field_type zone_type;     /* const struct zone *, NULL before */
extern const struct field_type edge_type;     /* struct freeze_edge */

/* Of a record of a freeze: that it ends after it begins. */
bool freeze_check(struct loader *ld, const struct node *n, void *out);
/* The list of struct freeze_form as struct freeze. */
const struct freeze *freezes_from(struct loader *ld, const struct items *forms);
/* The list of struct window, with the zone filled in where none is named. */
const struct window *windows_from(struct loader *ld, const struct items *windows);

#endif
