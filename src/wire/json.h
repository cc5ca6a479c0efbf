/* SPDX-License-Identifier: Apache-2.0 */
/* JSON documents under AUTO, and into wiped memory. */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/auto.h"
#include "base/secret.h"

#include <jansson.h>

AUTO_TYPE(json, json_t *, json_decref)

/* As compact text; `out` must be empty. */
void json_to_secret(const json_t *json, struct secret *out);

#endif
