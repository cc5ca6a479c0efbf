/* SPDX-License-Identifier: Apache-2.0 */
/* JSON pointers (RFC 6901). */
#ifndef DRIVERS_JSON_POINTER_H
#define DRIVERS_JSON_POINTER_H

#include "json/value.h"

/* The value at a pointer such as "/a/0/b"; NULL: none. */
const json_t *json_at(const json_t *document, const char *pointer);

#endif
