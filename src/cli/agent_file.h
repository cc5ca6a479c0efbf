/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of an agent have in common: its file, and tokens. */
#ifndef CLI_AGENT_FILE_H
#define CLI_AGENT_FILE_H

#include "base/err.h"
#include "base/secret.h"
#include "cli/session.h"
#include "model/agent_config.h"

#include <stdbool.h>

/* An agent's own configuration; its mistakes are told. */
MUST_CHECK bool agent_file_load(struct session *s, const char *path, struct agent_config *out,
				struct err *e);
/* From a file, or with "-" the first line of stdin; `out` must be empty. */
MUST_CHECK bool agent_token_read(const char *path, struct secret *out, struct err *e);

#endif
