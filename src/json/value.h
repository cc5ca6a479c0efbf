/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON documents under AUTO, and the values that all documents of this program
 * share.  The caller owns the results.  Documents may hold keys: jansson is set
 * up to wipe memory before it frees it.
 */
#ifndef JSON_VALUE_H
#define JSON_VALUE_H

#include "base/arena.h"
#include "base/auto.h"
#include "base/secret.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

AUTO_TYPE(json, json_t *, json_decref)

/* null for NULL; text that is not UTF-8 is escaped. */
json_t *json_text(const char *text);
/* RFC 3339 in UTC; null for 0. */
json_t *json_moment(int64_t when);

/* NULL when the text is not JSON, or an object has a duplicate name. */
json_t *json_parse(const void *bytes, size_t len);
/* The document on one line, in the arena. */
const char *json_to_text(const json_t *json, struct arena *a);
/* The same with sorted keys, the form that is signed or sent; `out` must be empty. */
void json_to_secret(const json_t *json, struct secret *out);

#endif
