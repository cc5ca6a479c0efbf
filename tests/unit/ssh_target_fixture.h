/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for a machine that is reached over SSH: does what is asked on
 * this one.  It can refuse the k-th op, or lose power before the k-th program
 * that changes something.
 */
#ifndef SSH_TARGET_FIXTURE_H
#define SSH_TARGET_FIXTURE_H

#include "base/text.h"
#include "drivers/ssh_target.h"
#include "install_fixture.h"
#include "remote/ssh.h"

#include <dirent.h>
#include <sys/wait.h>

extern struct far_side {
	const char *shell;      /* NULL: /bin/sh */
	bool is_mute;           /* runs no script */
	unsigned refuse_op;     /* counted from 1; 0: none */
	unsigned refuse_script; /* among scripts */
	unsigned cut_program;
	unsigned ops;
	unsigned scripts;
	unsigned programs; /* of the last script that was watched */
	bool broken;       /* everything after a cut fails */
	void (*before)(const struct ssh_op *op);
} side;

const char *run_shell(const char *script);
void side_run(struct ssh_op *op);
void side_answer(struct ssh_ask *ask);

#endif
