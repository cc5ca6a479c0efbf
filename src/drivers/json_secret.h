/* SPDX-License-Identifier: Apache-2.0 */
/* JSON that may hold keys: the process has jansson wipe what it frees. */
#ifndef DRIVERS_JSON_SECRET_H
#define DRIVERS_JSON_SECRET_H

#include "base/secret.h"
#include "wire/json.h"

#include <jansson.h>

/* NULL: it is no JSON, or has a name twice in one object. */
json_t *json_of_secret(const struct secret *text);

/* ---- drivers/json_pointer.c ---- */

/* RFC 6901: a place in a JSON document. */

/* "/a/0/b"; NULL: there is no such place. */
const json_t *json_at(const json_t *document, const char *pointer);

#endif
