/* SPDX-License-Identifier: Apache-2.0 */
/* How often a socket of this process was told to connect, by whatever library. */
#ifndef CONNECT_COUNT_H
#define CONNECT_COUNT_H

#include <stdatomic.h>

extern atomic_int connects;

#endif
