/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as the JSON of this program has them: text that may be absent, and
 * points in time.  The caller owns what is returned.
 */
#ifndef REPORT_JSON_VALUE_H
#define REPORT_JSON_VALUE_H

#include "base/auto.h"

#include <jansson.h>
#include <stdint.h>

AUTO_TYPE(json, json_t *, json_decref)

/* null for NULL; what is not UTF-8 is escaped. */
json_t *json_text(const char *text);
/* RFC 3339 in UTC; null for 0. */
json_t *json_moment(int64_t when);

#endif
