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
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* When none is named: the package's user, else that of everybody. */
#define CONFINE_USER "certfleet-agent"
#define CONFINE_SHARED "nobody"

/*
 * Who it will be; a name that nobody has is ERR_INPUT, and so is root, and
 * another user when we are not root.  NULL: CONFINE_USER, CONFINE_SHARED, or
 * ourselves.
 */
MUST_CHECK bool confine_user(const char *name, uid_t *uid, struct err *e);
/* Whether that is CONFINE_SHARED, by name or by number. */
bool confine_is_shared(const char *name);
/*
 * For halves that are started apart: their socket is for one user, and
 * whoever else runs as that user could use the signing service.  ERR_INPUT
 * for CONFINE_SHARED.
 */
MUST_CHECK bool confine_is_own_user(const char *name, struct err *e);
/*
 * Closes every descriptor that was inherited but the first three and the
 * `count` kept ones, which get new numbers.
 */
MUST_CHECK bool confine_descriptors(int *const *kept, size_t count, struct err *e);
/* From now on it is that user, when it is root. */
MUST_CHECK bool confine_become(const char *name, struct err *e);
/*
 * Everything else.  It ends with the process that started it: `parent`, 0
 * when it is to last.
 */
MUST_CHECK bool confine(pid_t parent, struct err *e);

/* Such a process, a child of ours: after `leave_ms` it is killed. */
void confine_end(pid_t child, int64_t leave_ms);

#endif
