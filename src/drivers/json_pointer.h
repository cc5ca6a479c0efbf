/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 6901: a place in a JSON document. */
#ifndef DRIVERS_JSON_POINTER_H
#define DRIVERS_JSON_POINTER_H

#include "json/value.h"

/* "/a/0/b"; NULL: there is no such place. */
const json_t *json_at(const json_t *document, const char *pointer);

#endif
