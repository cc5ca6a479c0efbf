/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
	WHOLE_BYTES = 256, /* so many are never cut short */
};

void random_bytes(void *out, size_t len)
{
	unsigned char *at = out;

	while (len > 0) {
		ssize_t got = getrandom(at, len > WHOLE_BYTES ? WHOLE_BYTES : len, 0);

		if (got < 0 && errno != EINTR) {
			fprintf(stderr,
				"certfleet: the system gives no random bytes (%m); getrandom(2) has to be allowed\n");
			abort();
		}
		if (got > 0) {
			at += got;
			len -= (size_t)got;
		}
	}
}
