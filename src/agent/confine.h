/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confinement of the network half, before it talks to the network: drops its
 * user when it is root, access to files, new sockets, processes and privileges,
 * and every system call that it does not need.
 */
#ifndef AGENT_CONFINE_H
#define AGENT_CONFINE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Defaults for the user: the package's own, else the shared one. */
#define CONFINE_USER "certfleet-agent"
#define CONFINE_SHARED "nobody"

/*
 * The user to become.  ERR_INPUT for an unknown user, for root, and for another
 * user when we are not root.  NULL: CONFINE_USER, CONFINE_SHARED, or our own
 * user.
 */
MUST_CHECK bool confine_user(const char *name, uid_t *uid, struct err *e);
/* True when the user is CONFINE_SHARED, by name or by number. */
bool confine_is_shared(const char *name);
/*
 * For halves that are started apart: their socket is for one user, and any
 * other process of that user could use the signing service.  ERR_INPUT for
 * CONFINE_SHARED.
 */
MUST_CHECK bool confine_is_own_user(const char *name, struct err *e);
/*
 * Closes all inherited descriptors except the first three and the `count` kept
 * ones, which get new numbers.
 */
MUST_CHECK bool confine_descriptors(int *const *kept, size_t count, struct err *e);
/* Becomes the user when run as root. */
MUST_CHECK bool confine_become(const char *name, struct err *e);
/*
 * Applies all other restrictions.  The process is killed when `parent`, which
 * started it, exits; 0: no parent.
 */
MUST_CHECK bool confine(pid_t parent, struct err *e);

/* Ends a confined child: killed when it has not exited after `leave_ms`. */
void confine_end(pid_t child, int64_t leave_ms);

#endif
