/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the half that talks to the network gives up before it does: its user
 * when it is root, every file, new sockets, processes and privileges, and
 * every system call that it does not need.
 */
#ifndef AGENT_CONFINE_H
#define AGENT_CONFINE_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

#define CONFINE_USER "nobody" /* when none is named */

/*
 * Who it will be; a name that nobody has is ERR_INPUT, and so is another user
 * when we are not root.  NULL: CONFINE_USER, or ourselves.
 */
MUST_CHECK bool confine_user(const char *name, uid_t *uid, struct err *e);
/* From now on it is that user, when it is root. */
MUST_CHECK bool confine_become(const char *name, struct err *e);
/*
 * Everything else.  It ends with the process that started it: `parent`, 0
 * when it is to last.
 */
MUST_CHECK bool confine(pid_t parent, struct err *e);

#endif
