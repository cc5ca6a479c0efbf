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

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/agent_config.h"
#include "model/enrolment.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	ALLOW_FILE_LIMIT = 64 * 1024,
};

/* Reads `allow_file`, when the configuration has one, into the list of clients. */
MUST_CHECK bool trust_grant_read(struct agent_config *c, struct err *e);

/* Writes `what` into this host's files; notes of `r` live in the arena of `c`. */
MUST_CHECK bool trust_grant_write(struct agent_config *c, const struct trust_grant *what,
				  struct receipt *r, struct err *e);

/* ---- the grants while an agent runs (allow_files.c) ---- */

/*
 * The grants: the clients that may connect to this agent and give it orders, as
 * the files of its host say now: 'allow' of its configuration or its
 * 'allow_file', and 'client_ca'.
 *
 * A stat of the three files is cheap, and done before each order and each
 * handshake; the files are read again when one of them has changed.  While one
 * of them is unreadable, untrusted or invalid, no client is allowed to do
 * anything.  Only these keys of the configuration are read again: the others
 * stay as they were at the start of the agent.
 */

struct allow_files;

/* `config` is borrowed; without a path it keeps its own list. */
MUST_CHECK bool allow_files_open(const struct agent_config *config, struct allow_files **out,
				 struct err *e);
void allow_files_free(struct allow_files *g);
AUTO_TYPE(allow_files, struct allow_files *, allow_files_free)

/* True when the revision changed. *why: ERR_NONE when the files are good. */
bool allow_files_refresh(struct allow_files *g, struct err *why);

/* Incremented with each change, from 1. */
uint64_t allow_files_revision(const struct allow_files *g);
/* The current list and the CA in PEM; the addresses never change. */
const struct agent_config *allow_files_config(const struct allow_files *g);
const struct buf *allow_files_authority(const struct allow_files *g);

#endif
