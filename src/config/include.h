/* SPDX-License-Identifier: Apache-2.0 */
/* More files of a fleet: they add entries to its sections. */
#ifndef CONFIG_INCLUDE_H
#define CONFIG_INCLUDE_H

#include "config/loader.h"

/* Reads every file that the list `include` names; goes on past mistakes. */
void include_all(struct loader *ld, const struct node *include);

#endif
