/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery by programs of the user's own. */
#ifndef CONFIG_DELIVER_COMMAND_H
#define CONFIG_DELIVER_COMMAND_H

#include "config/forms.h"

#include <stdbool.h>

extern const struct record commands_record;

/* Rules that involve the whole component, whose mapping is `n`. */
bool commands_component_check(struct loader *ld, const struct node *n,
			      const struct component_form *form);

#endif
