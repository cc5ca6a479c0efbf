/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A saved plan: the document of `plan --json` in the form of
 * plan_saved_form(), plus "fleet_file".  For its owner alone, although it
 * holds no secret.
 *
 * Whoever can write the file is not trusted: see engine/saved_plan.h.
 * "fleet_file" is the last part of the name that the fleet file was given by.
 * It opens nothing, it is compared with the one that apply is told to read:
 * neither the place of a checkout nor another spelling of the path makes a
 * plan another one, the plan of another fleet file of a checkout is told
 * before anything of that is read, and which fleet file it really is the
 * spec digest decides.
 */
#ifndef CLI_PLAN_FILE_H
#define CLI_PLAN_FILE_H

#include "base/arena.h"
#include "base/err.h"
#include "model/plan.h"

#include <stdbool.h>

struct saved {
	struct plan plan;
	const char *fleet_file; /* its last part; in the plan's arena */
};
void saved_release(struct saved *s);
AUTO_STRUCT(saved, struct saved, saved_release)

/* Whether a plan may be saved there; ERR_USAGE when it would cost a file. */
MUST_CHECK bool saved_may_write(const char *path, struct err *e);
MUST_CHECK bool saved_write(const char *path, const struct plan *p, const char *fleet_file,
			    struct err *e);
/* `out` must be empty.  ERR_INPUT when it is no saved plan. */
MUST_CHECK bool saved_read(const char *path, struct saved *out, struct err *e);
/* ERR_STALE when the plan is of a fleet file of another name. */
MUST_CHECK bool saved_is_of(const struct saved *s, const char *fleet_file, struct err *e);
/* Whether a file looks like a saved plan rather than a fleet file. */
bool saved_is_one(const char *path);

#endif
