/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is there: these abort the program when the system has none,
 * because nothing better can be done, and no branch for it exists elsewhere.
 * What grows on outside input has a limit where it is read.  Memory is
 * zeroed.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include "base/auto.h"

#include <stddef.h>
#include <stdlib.h>

void *xcalloc(size_t count, size_t size) __attribute__((malloc));
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *s) __attribute__((malloc));

/* AUTO(str) s = xstrdup(...): anything free() releases, seen as text */
AUTO_TYPE(str, char *, free)

#endif
