/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that an activation command leaves behind.  A daemon that is
 * started as a child of the agent dies with it (its service manager ends the
 * whole group of processes), so such a command fails: a service is started
 * through the service manager.
 *
 * Only in a process that was forked for one activation.
 */
#ifndef AGENT_ORPHAN_H
#define AGENT_ORPHAN_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

/* From now on this process inherits what its descendants leave. */
MUST_CHECK bool orphan_watch(struct err *e);
/* ERR_REMOTE naming one that is still there. */
MUST_CHECK bool orphan_check(struct arena *a, struct err *e);

#endif
