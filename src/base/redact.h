/* SPDX-License-Identifier: Apache-2.0 */
/* Text of somebody who may repeat a key, cut for people. */
#ifndef BASE_REDACT_H
#define BASE_REDACT_H

#include "base/arena.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>

/* Escaped, up to the first word that looks like a key. */
const char *redact_keys(const char *text, size_t len, struct arena *a);
/* The same of its last line that is not empty. */
const char *redact_last_line(const char *text, size_t len, struct arena *a);

/* Whether the text has the whole secret, or the part after "Bearer " and the like. */
bool redact_repeats(const char *text, size_t len, const struct secret *s);

#endif
