/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a program: never through a shell, never with our environment.
 *
 * The child gets /dev/null as stdin, no other descriptor of ours, a process
 * group of its own that is killed at the deadline or when the user stops
 * meanwhile (what runs after a stop puts things back, and may),
 * and PATH, LANG=C.UTF-8, HOME and the given variables as its environment.
 * Its umask is 022 (077 for a secret) and its soft limit of descriptors
 * CHILD_FILES, as under a service manager: it may start a server.
 * argv[0] is absolute or found in CHILD_PATH.  stdout and stderr together
 * are kept up to a limit.  What it leaves running behind it in another
 * session (setsid) lives on; the wait ends when the child itself ends.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHILD_PATH "/usr/sbin:/usr/bin:/sbin:/bin"
enum {
	CHILD_OUTPUT_LIMIT = 64 * 1024,
	CHILD_FILES = 1024, /* descriptors, until it asks for more */
};

struct child {
	const char *const *argv;      /* ends with NULL */
	const char *const *extra_env; /* "NAME=value", ends with NULL; or NULL */
	const char *directory;        /* working directory, or NULL for ours */
	int64_t timeout_ms;
	bool secret_output; /* only stdout, never quoted in an error */
};

/*
 * Runs it to its end.  ERR_REMOTE with the exit status and the tail of its
 * output when it fails, is killed by a signal or by the deadline.
 * `out` (may be NULL) gets the output, also on failure.
 */
MUST_CHECK bool child_run(const struct child *c, struct buf *out, struct err *e);
/* The same for a command that prints a secret; `out` must be empty. */
MUST_CHECK bool child_run_secret(const struct child *c, struct secret *out, struct err *e);

#endif
