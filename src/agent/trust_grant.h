/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom an agent obeys, as files of its host: the authority of operators and,
 * when `allow` does not stand in its configuration, the file of allowed ones.
 * An enrolment writes them where there is nothing yet.  What is there stays
 * as it is, so that nobody is let in who was not; what is missing in it is
 * only told.
 */
#ifndef AGENT_TRUST_GRANT_H
#define AGENT_TRUST_GRANT_H

#include "base/err.h"
#include "model/agent_config.h"
#include "model/enrolment.h"

#include <stdbool.h>

enum {
	ALLOW_FILE_LIMIT = 64 * 1024,
};

/* Reads `allow_file`, when the configuration names one, into the callers. */
MUST_CHECK bool trust_grant_read(struct agent_config *c, struct err *e);

/* `what` in this host's files; notes of `r` live in the arena of `c`. */
MUST_CHECK bool trust_grant_write(struct agent_config *c, const struct trust_grant *what,
				  struct receipt *r, struct err *e);

#endif
