/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: the only place that prints. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/* Runs the command in argv to its end; returns the exit status. */
int cli_main(int argc, char **argv);

#endif
