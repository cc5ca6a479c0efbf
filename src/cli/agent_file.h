/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the agent's commands: loading its configuration, reading a token. */
#ifndef CLI_AGENT_FILE_H
#define CLI_AGENT_FILE_H

#include "base/err.h"
#include "base/secret.h"
#include "cli/session.h"
#include "model/agent_config.h"

#include <stdbool.h>

/* Loads an agent's own configuration, and prints its diagnostics. */
MUST_CHECK bool agent_file_load(struct session *s, const char *path, struct agent_config *out,
				struct err *e);
/* Reads a file, or with "-" the first line of stdin; `out` must be empty. */
MUST_CHECK bool agent_token_read(const char *path, struct secret *out, struct err *e);

#endif
