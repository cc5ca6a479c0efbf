/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protection of files from being overwritten: a slip like `--out
 * certfleet.yaml` is refused before anything is done.
 */
#ifndef CLI_OVERWRITE_H
#define CLI_OVERWRITE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

/* True when a file that begins with `text` was written by the same option before. */
typedef bool is_ours_fn(const char *text);

/*
 * True when `path` may be written: it does not exist, is empty, or `is_ours`.
 * `what` completes "is no ...".  ERR_USAGE otherwise.
 */
MUST_CHECK bool overwrite_check(const char *path, const char *what, is_ours_fn *is_ours,
				struct err *e);

#endif
