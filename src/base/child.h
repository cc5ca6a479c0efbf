/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a program: never through a shell, never with our environment.
 *
 * stdin is /dev/null or a file in memory with the given bytes, which nobody has to
 * read, and no other descriptor of ours is inherited.  The child has its own process group, which
 * is killed at the deadline or when the user stops meanwhile (a program started after a stop
 * belongs to a rollback and may finish).  The environment is PATH, LANG=C.UTF-8, HOME and the given
 * variables, the umask 022 (077 for a secret), and the soft limit of
 * descriptors CHILD_FILES, as under a service manager: the child may start a
 * server.  argv[0] is absolute or found in CHILD_PATH.  stdout and stderr
 * together are kept up to a limit.  A process that the child leaves behind in
 * another session (setsid) lives on; the wait ends when the child itself exits.
 *
 * For a program of the user's own that delivers a pair, the caller takes stderr
 * for itself (`complaint`): it may repeat a key, so no error quotes it.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHILD_PATH "/usr/sbin:/usr/bin:/sbin:/bin"
enum {
	CHILD_OUTPUT_LIMIT = 64 * 1024,
	CHILD_FILES = 1024, /* descriptors, a soft limit the child may raise */
	/* bytes of output for an error: one more than it quotes shows where it is cut */
	CHILD_TAIL = TEXT_QUOTED + 1,
};

struct child {
	const char *const *argv;      /* ends with NULL */
	const char *const *extra_env; /* "NAME=value", ends with NULL; or NULL */
	const char *directory;        /* working directory; NULL: ours */
	int64_t timeout_ms;
	const struct buf *input; /* what stdin holds; NULL: nothing */
	bool secret_output;      /* only stdout is read, and no error quotes it */
	bool sees_key;           /* umask 077: it may write a key to a file */
	bool finishes;           /* a stop does not end it: a change in flight */
	/* Gets the last CHILD_TAIL bytes of stderr; `out` gets stdout alone. */
	struct buf *complaint;
};

/* Whether there is the program of an argv[0]; else the reason in `e`. */
MUST_CHECK bool child_finds(const char *name, struct err *e);
/*
 * Runs the program to its end.  ERR_REMOTE with the exit status and the tail of
 * the output when the program fails, or is killed by a signal or at the
 * deadline.  `out` (may be NULL) gets the output, also on failure.
 */
MUST_CHECK bool child_run(const struct child *c, struct buf *out, struct err *e);
/* The same for a command that prints a secret; `out` must be empty. */
MUST_CHECK bool child_run_secret(const struct child *c, struct secret *out, struct err *e);

#endif
