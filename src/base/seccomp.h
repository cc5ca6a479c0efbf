/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An allow list of system calls, where the kernel has seccomp: anything else
 * fails with EPERM from now on, so that a library which asks for more takes
 * its own error path.  Needs PR_SET_NO_NEW_PRIVS.
 */
#ifndef BASE_SECCOMP_H
#define BASE_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>

enum {
	SECCOMP_CALLS = 100, /* at most in a list */
};

/* False with errno. */
bool seccomp_allow_only(const int *calls, size_t count);

#endif
