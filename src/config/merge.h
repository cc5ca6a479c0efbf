/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a mapping: keys are unique, and `<<` brings in others. */
#ifndef CONFIG_MERGE_H
#define CONFIG_MERGE_H

#include "config/loader.h"

#include <stdbool.h>

/*
 * Reports repeated keys and drops their later pairs, then puts the pairs of
 * what `<<` names behind those the mapping has itself, which win.
 */
void mapping_finish(struct loader *ld, struct node *mapping, bool has_merge);

#endif
