/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stop flag: the one mutable global.  SIGINT, SIGTERM and SIGHUP are counted
 * and nothing else; loops check it between steps and while they wait.
 *
 * The first signal begins nothing new.  A further one ends the waits for what is
 * under way, which goes on by itself.  Three SIGINTs within STOP_KILL_MS, of a
 * program that was started on a terminal, ask for running commands to be killed.
 */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include "base/err.h"

#include <stdbool.h>

enum {
	STOP_KILL_MS = 2000
};

void stop_install(void);
/*
 * For a forked process that outlives its parent: SIGINT, SIGTERM and SIGHUP are
 * ignored, what was requested before is forgotten, and `number` is its stop.
 */
void stop_only_by(int number);

bool stop_requested(void);
/* A second signal: waits end as well. */
bool stop_insisted(void);
/* Running commands are to be killed. */
bool stop_kills(void);
/* Whether something may be begun: ERR_STOPPED once a stop was requested. */
MUST_CHECK bool stop_permits(struct err *e);

#endif
