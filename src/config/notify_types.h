/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: from their keys (config/schema.c) to the model. */
#ifndef CONFIG_NOTIFY_TYPES_H
#define CONFIG_NOTIFY_TYPES_H

#include "config/fields.h"

#include <stdbool.h>

struct notify;

/* One target: either a command or a request. */
bool notify_check(struct loader *ld, const struct node *n, void *out);
/* The targets, of struct notify_form, in their order. */
const struct notify *notify_from(struct loader *ld, const struct items *forms);

#endif
