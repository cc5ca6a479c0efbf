/* SPDX-License-Identifier: Apache-2.0 */
/* More files of a fleet: they add entries to its sections. */
#ifndef CONFIG_INCLUDE_H
#define CONFIG_INCLUDE_H

#include "config/loader.h"

/* Reads every file that the list `include` names; goes on past mistakes. */
void include_all(struct loader *ld, const struct node *include);

/*
 * Whether nothing but blank lines, comments and "---" stands before
 * "certfleet: 1".  Before this is known, not one byte of it is shown.
 */
bool begins_as_fleet_file(const struct source *s);

#endif
