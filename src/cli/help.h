/* SPDX-License-Identifier: Apache-2.0 */
/* Help, made from the tables of commands and options. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "base/buf.h"
#include "cli/command.h"

/* All commands, or those of one group ("backup"). */
void help_commands(const char *group, const struct option *common, struct buf *out);
void help_command(const struct command *c, const struct option *common, struct buf *out);

#endif
