/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a process take what is installed into use: a signal to the process
 * a pidfile names, or a command.
 *
 * A process that is doubtful (install/pidfile.h) gets no signal, unless that was
 * accepted for its executable.
 */
#ifndef INSTALL_ACTIVATE_H
#define INSTALL_ACTIVATE_H

#include "base/arena.h"
#include "base/err.h"
#include "model/fleet.h"

struct activation_order {
	const struct activate *how;
	const char *component;   /* CERTFLEET_COMPONENT */
	const char *fingerprint; /* CERTFLEET_FINGERPRINT */
	const char *directory;   /* working directory of a command */
	const char *proven;      /* executable of the process that was activated
				    before; NULL: not known */
	const char *accepted;    /* executable of a doubtful process; NULL */
};

/* `executable` of the process that was signalled, in the arena; NULL: none. */
MUST_CHECK bool install_activate(const struct activation_order *o, struct arena *a,
				 const char **executable, struct err *e);

#endif
