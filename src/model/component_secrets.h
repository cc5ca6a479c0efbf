/* SPDX-License-Identifier: Apache-2.0 */
/* The secrets that the delivery and the activation of a component name, or a notification. */
#ifndef MODEL_COMPONENT_SECRETS_H
#define MODEL_COMPONENT_SECRETS_H

#include "model/fleet.h"

typedef void secret_visit_fn(void *ctx, const struct secret_ref *ref);

/* Each that is set, in the order of the fleet file's keys; one may come twice. */
void component_secrets(const struct component *c, const struct fleet_access *access,
		       secret_visit_fn *visit, void *ctx);
void notify_secrets(const struct notify *n, secret_visit_fn *visit, void *ctx);

#endif
