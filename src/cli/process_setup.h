/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process that handles keys does before anything else: files are
 * private unless said otherwise, nobody may read its memory, no core dump,
 * no TLS key log, and descriptors 0 to 2 are taken, so that no file of ours
 * is ever mistaken for the terminal.
 */
#ifndef CLI_PROCESS_SETUP_H
#define CLI_PROCESS_SETUP_H

void process_setup(void);

#endif
