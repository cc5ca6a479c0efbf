/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: the only place that prints. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/buf.h"
#include "base/decoder.h"
#include "cli/command.h"

/* Runs the command in argv to its end; returns the exit status. */
int cli_main(int argc, char **argv);

/* ---- cli/decoders.c ---- */

/* All that the decoder can do (base/decoder.h), for it to be started with. */

extern decode_fn *const decoders[]; /* ends with NULL */

/* ---- cli/help.c ---- */

/* Help, made from the tables of commands and options. */

/* All commands, or those of one group ("backup"). */
void help_commands(const char *group, const struct option *common, struct buf *out);
void help_command(const struct command *c, const struct option *common, struct buf *out);

/* ---- cli/process_setup.c ---- */

/*
 * What a process that handles keys does before anything else: files are
 * private unless said otherwise, nobody may read its memory, no core dump,
 * no TLS key log, and descriptors 0 to 2 are taken, so that no file of ours
 * is ever mistaken for the terminal.
 */

void process_setup(void);

#endif
