/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The components that stand in a plan's way or are touched by its
 * conditions, as a file to hand on: name, role, address, version, online,
 * reason and remedy, one row per precondition.
 */
#ifndef CLI_AFFECTED_H
#define CLI_AFFECTED_H

#include "base/err.h"
#include "model/fleet.h"
#include "model/plan.h"

#include <stdbool.h>

enum affected_form {
	AFFECTED_CSV, /* RFC 4180 */
	AFFECTED_JSON
};

/* By the ending of `path`; ERR_USAGE when it is neither. */
MUST_CHECK bool affected_form(const char *path, enum affected_form *form, struct err *e);
/* Its form is known and it costs no file; else ERR_USAGE. */
MUST_CHECK bool affected_may_write(const char *path, struct err *e);
MUST_CHECK bool affected_write(const char *path, const struct fleet *f, const struct plan *p,
			       struct err *e);

#endif
