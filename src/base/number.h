/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limit of counters that come from outside: sequences of orders, serials,
 * revisions.  A counter near INT64_MAX could not be incremented any more; 2^53
 * is the limit that every JSON reader keeps exactly, and counting up from below
 * it never overflows.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdint.h>

#define NUMBER_LIMIT (INT64_C(1) << 53)

#endif
