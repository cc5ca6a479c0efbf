/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which system calls this process may still make, for good; it needs
 * PR_SET_NO_NEW_PRIVS before.  What is forbidden fails with EPERM, so a
 * library that asks for more takes its own error path.  True where the
 * kernel has no filters, too.
 */
#ifndef BASE_SECCOMP_H
#define BASE_SECCOMP_H

#include "base/err.h"

#include <stdbool.h>

/* Those of computing on memory, and of open descriptors. */
MUST_CHECK bool seccomp_only_compute(void);
/* Those as well that talk over sockets which are there, or are accepted. */
MUST_CHECK bool seccomp_only_talk(void);
/* All but those that reach beyond this process and its files. */
MUST_CHECK bool seccomp_stay_inside(void);

#endif
