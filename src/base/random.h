/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random bytes of the system, fit for keys.  A program without them can do nothing
 * safely: it says so and ends, as where memory is out.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

void random_bytes(void *out, size_t len);

#endif
