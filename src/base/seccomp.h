/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System call filters (seccomp) of this process, irrevocable.
 * PR_SET_NO_NEW_PRIVS must be set before.  A forbidden call fails with EPERM,
 * so a library that needs more takes its own error path.  True also where the
 * kernel has no filters.
 */
#ifndef BASE_SECCOMP_H
#define BASE_SECCOMP_H

#include "base/err.h"

#include <stdbool.h>

/* Allows computing on memory and using open descriptors. */
MUST_CHECK bool seccomp_only_compute(void);
/* Also allows talking over open sockets and accepting connections. */
MUST_CHECK bool seccomp_only_talk(void);
/* Allows everything that stays inside this process and its files. */
MUST_CHECK bool seccomp_stay_inside(void);

#endif
