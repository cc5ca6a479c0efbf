/* SPDX-License-Identifier: Apache-2.0 */
/* JSON documents under AUTO, into wiped memory, and with bytes in them. */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/arena.h"
#include "base/auto.h"
#include "base/secret.h"
#include "model/certs.h"

#include <jansson.h>

AUTO_TYPE(json, json_t *, json_decref)

/* As compact text; `out` must be empty. */
void json_to_secret(const json_t *json, struct secret *out);

/* Base64; the caller owns the reference. */
json_t *json_bytes(const void *bytes, size_t len);
json_t *json_ders(const struct der *list, size_t count);
/* False: it is none, or empty; of a list also when it has more than `limit`. */
MUST_CHECK bool json_read_der(const json_t *json, struct arena *a, struct der *out);
MUST_CHECK bool json_read_ders(const json_t *json, size_t limit, struct arena *a,
			       const struct der **out, size_t *count);

#endif
