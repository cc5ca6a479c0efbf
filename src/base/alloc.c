/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

static void *checked(void *memory)
{
	if (memory)
		return memory;
	fputs("certfleet: out of memory\n", stderr);
	abort();
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *old, size_t size)
{
	return checked(realloc(old, size ? size : 1));
}

char *xstrdup(const char *s)
{
	return checked(strdup(s));
}
