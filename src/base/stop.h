/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stop flag: the one mutable global.  SIGINT, SIGTERM and SIGHUP set it and
 * do nothing else; loops check it between steps and while they wait.  A second
 * signal ends the program at once.
 */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include "base/err.h"

#include <stdbool.h>

void stop_install(void);
bool stop_requested(void);
/* Whether something may be begun: ERR_STOPPED once a stop was requested. */
MUST_CHECK bool stop_permits(struct err *e);

#endif
