/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON that may hold keys.  From the first use on, all that jansson frees in
 * this process is wiped.
 */
#ifndef DRIVERS_JSON_SECRET_H
#define DRIVERS_JSON_SECRET_H

#include "base/auto.h"
#include "base/secret.h"

#include <jansson.h>
#include <stdbool.h>

AUTO_TYPE(json, json_t *, json_decref)

/* NULL: it is no JSON, or has a name twice in one object. */
json_t *json_of_secret(const struct secret *text);
/* `out` must be empty. */
void json_to_secret(const json_t *json, struct secret *out);

#endif
