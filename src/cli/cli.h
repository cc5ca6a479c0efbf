/* SPDX-License-Identifier: Apache-2.0 */
/* The command line interface: the only code that prints. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/buf.h"
#include "base/decoder.h"
#include "cli/command.h"

/* Runs the command in argv to its end; returns the exit status. */
int cli_main(int argc, char **argv);

/* ---- the functions of the decoder (base/decoder.h), for decoder_start() ---- */

extern decode_fn *const decoders[]; /* ends with NULL */

/* ---- help, generated from the tables of commands and options ---- */

extern const struct option common_options[]; /* of every command */

/* Help for all commands, or for one group ("backup"). */
void help_commands(const char *group, struct buf *out);
void help_command(const struct command *c, struct buf *out);

/* ---- process set-up ---- */

/*
 * Set-up of a process that handles keys, before anything else: files are
 * private by default, other processes cannot read its memory, no core dump, no
 * TLS key log, and descriptors 0 to 2 are open, so that no file of ours gets
 * the number of stdin, stdout or stderr.
 */
void process_setup(void);

#endif
