/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The switch of a target: which version its paths lead to.
 *
 * Before it is moved, whatever real file or directory stands at a path is
 * kept as a version, and the path becomes a link with the same content; so
 * the move itself is one rename, and no instant has a mixed pair.
 */
#ifndef INSTALL_SWITCH_H
#define INSTALL_SWITCH_H

#include "base/err.h"
#include "install/target.h"

#include <stdbool.h>

/* `previous` gets the version that was on before, or NULL. */
MUST_CHECK bool switch_to(const struct target *t, const char *version, const char **previous,
			  struct err *e);
/* Nothing is on and no link of ours is left; ours alone are removed. */
MUST_CHECK bool switch_off(const struct target *t, struct err *e);
/* Whether `version` is on and every path is our link. */
bool switch_is_at(const struct target *t, const char *version);

#endif
