/* SPDX-License-Identifier: Apache-2.0 */
/* Includes: further files of a fleet, which add entries to its sections. */
#ifndef CONFIG_INCLUDE_H
#define CONFIG_INCLUDE_H

#include "config/loader.h"

/* Reads every file of the list `include`; goes on past mistakes. */
void include_all(struct loader *ld, const struct node *include);

/*
 * True when only blank lines, comments and "---" come before "certfleet: 1".
 * No byte of a file is shown before this check.
 */
bool begins_as_fleet_file(const struct source *s);

#endif
