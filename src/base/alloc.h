/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory allocation that cannot fail: the program aborts when the system has no
 * memory, because nothing better can be done and no caller has a branch for it.
 * Data that grows on outside input has a limit where it is read.  xcalloc()
 * zeroes the memory.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include "base/auto.h"

#include <stddef.h>
#include <stdlib.h>

void *xcalloc(size_t count, size_t size) __attribute__((malloc));
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *s) __attribute__((malloc));

/* AUTO(str) s = xstrdup(...): a string released with free() */
AUTO_TYPE(str, char *, free)

#endif
