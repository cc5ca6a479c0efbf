/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the half that talks to the network gives up before it does: its user
 * (when it is root and another is named), every file, new processes, new
 * privileges.  It lives no longer than the process that started it.
 */
#ifndef AGENT_CONFINE_H
#define AGENT_CONFINE_H

#include "base/err.h"

#include <stdbool.h>

/* `user` NULL: it stays who it is. */
MUST_CHECK bool confine(const char *user, struct err *e);

#endif
