/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that are run: never by a shell, never by a relative path. */
#ifndef CONFIG_COMMAND_CHECK_H
#define CONFIG_COMMAND_CHECK_H

#include "config/fields.h"

#include <stdbool.h>

/* Its first word is absolute, or a bare name that PATH finds. */
bool command_check(struct loader *ld, const struct node *n, struct items command);

#endif
