/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A saved plan: the document of `plan --json` plus "fleet_file", the fleet
 * file as it was named.  For its owner alone, although it holds no secret.
 */
#ifndef CLI_PLAN_FILE_H
#define CLI_PLAN_FILE_H

#include "base/arena.h"
#include "base/err.h"
#include "model/plan.h"

#include <stdbool.h>

struct saved {
	struct plan plan;
	const char *fleet_file; /* in the plan's arena */
};
void saved_release(struct saved *s);
AUTO_STRUCT(saved, struct saved, saved_release)

/* Whether a plan may be saved there; ERR_USAGE when it would cost a file. */
MUST_CHECK bool saved_may_write(const char *path, struct err *e);
MUST_CHECK bool saved_write(const char *path, const struct plan *p,
			    const char *fleet_file, struct err *e);
/* `out` must be empty.  ERR_INPUT when it is no saved plan. */
MUST_CHECK bool saved_read(const char *path, struct saved *out, struct err *e);
/* Whether a file looks like a saved plan rather than a fleet file. */
bool saved_is_one(const char *path);

#endif
