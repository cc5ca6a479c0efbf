/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trust of an agent in its operators, as files of its host: the CA of the
 * operators and, when `allow` is not in the configuration, the file of allowed
 * clients.  An enrolment writes them where there is nothing yet.  Existing
 * files stay as they are, so that no further client gets access; missing
 * entries are only reported.
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

/* Reads `allow_file`, when the configuration has one, into the list of clients. */
MUST_CHECK bool trust_grant_read(struct agent_config *c, struct err *e);

/* Writes `what` into this host's files; notes of `r` live in the arena of `c`. */
MUST_CHECK bool trust_grant_write(struct agent_config *c, const struct trust_grant *what,
				  struct receipt *r, struct err *e);

#endif
