/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that the user names to be written must not cost him another one: a
 * slip like `--out certfleet.yaml` is refused before anything is done.
 */
#ifndef CLI_OVERWRITE_H
#define CLI_OVERWRITE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

/* Whether a file with this text was written by the same option before. */
typedef bool is_ours_fn(const char *text);

/*
 * Whether `path` is free: nothing is there, or an empty file, or one that
 * `is_ours`.  `what` completes "it is no ...".  ERR_USAGE when it is not.
 */
MUST_CHECK bool overwrite_check(const char *path, const char *what, is_ours_fn *is_ours,
				struct err *e);

#endif
