/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that count up and come from outside: sequences of orders, serials,
 * revisions.  One at the end of what an int64_t holds could not be counted up
 * any more; 2^53 is what every JSON reader keeps exactly, and counting up from
 * below it never comes to an end.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdint.h>

#define NUMBER_LIMIT (INT64_C(1) << 53)

#endif
