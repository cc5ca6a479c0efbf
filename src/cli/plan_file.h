/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A saved plan: the document of `plan --json` in the form of plan_saved_form(),
 * plus "fleet_file".  The file is readable only by its owner, although it holds
 * no secret.
 *
 * The writer of the file is not trusted: see engine/saved_plan.h.  "fleet_file"
 * is the last part of the fleet file's path.  It is never opened, only compared
 * with the path that apply is told to read: the place of a checkout or another
 * spelling of the path does not matter, and the plan of another fleet file in
 * the same checkout is refused before that file is read.  The spec digest then
 * proves which fleet file it was.
 */
#ifndef CLI_PLAN_FILE_H
#define CLI_PLAN_FILE_H

#include "base/arena.h"
#include "base/err.h"
#include "model/plan.h"

#include <stdbool.h>

struct plan_identity;

struct saved {
	struct plan plan;
	const char *fleet_file; /* last part of the path; in the plan's arena */
};
void saved_release(struct saved *s);
AUTO_STRUCT(saved, struct saved, saved_release)

/* ERR_USAGE when saving a plan there would overwrite another file. */
MUST_CHECK bool saved_may_write(const char *path, struct err *e);
MUST_CHECK bool saved_write(const char *path, const struct plan *p, const char *fleet_file,
			    struct err *e);
/* `out` must be empty.  ERR_INPUT when the file is not a saved plan. */
MUST_CHECK bool saved_read(const char *path, struct saved *out, struct err *e);
/* ERR_STALE when the plan was made from a fleet file with another name. */
MUST_CHECK bool saved_is_of(const struct saved *s, const char *fleet_file, struct err *e);
/* ERR_STALE when it is older than it was made to be valid for, or from the future. */
MUST_CHECK bool saved_check_age(const struct plan *saved, struct err *e);
/* True when the file looks like a saved plan rather than a fleet file. */
bool saved_is_one(const char *path);

/* What signatures of a saved plan are of; strings in `a`, or the plan's. */
struct plan_identity saved_identity(const char *path, const struct plan *saved, struct arena *a);

#endif
