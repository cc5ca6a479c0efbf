/* SPDX-License-Identifier: Apache-2.0 */
/* Readers for what the fleet file says of an AppMon Server, and the rules between them. */
#ifndef CONFIG_APPMON_TYPES_H
#define CONFIG_APPMON_TYPES_H

#include "config/build.h"
#include "config/fields.h"

#include <stdbool.h>

extern const struct field_type pin_type;         /* const char *: sha256: and hex */
extern const struct field_type appmon_part_type; /* struct appmon_part: server, or a collector */
extern const struct field_type collector_type;   /* struct appmon_part: NAME@HOST */

bool appmon_access_check(struct loader *ld, const struct node *n, void *out);
/* A part of the server needs access to it, and `activate: appmon` a part. */
bool appmon_component_check(struct loader *ld, const struct draft *d,
			    const struct component_form *form);
/* Only the components of one process are one part of the server. */
void check_appmon_parts(struct loader *ld, const struct build *b);

#endif
