/* SPDX-License-Identifier: Apache-2.0 */
/* Programs to run: never through a shell, never by a relative path. */
#ifndef CONFIG_COMMAND_CHECK_H
#define CONFIG_COMMAND_CHECK_H

#include "config/fields.h"

#include <stdbool.h>

/* The first word is an absolute path, or a bare name to be found in PATH. */
bool command_check(struct loader *ld, const struct node *n, struct items command);

#endif
