/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Activation on the local host: makes a process load the installed pair, by a
 * signal to the process that a pidfile names, or by a command under a supervisor
 * (install/supervisor.h).
 *
 * A doubtful process (install/pidfile.h) is not signalled unless its executable
 * has been accepted.
 */
#ifndef INSTALL_ACTIVATE_H
#define INSTALL_ACTIVATE_H

#include "base/arena.h"
#include "base/err.h"
#include "install/supervisor.h"
#include "model/fleet.h"
#include "model/observation.h"

struct activation_order {
	const struct activate *how;
	const char *process;     /* activated by itself at any time */
	const char *component;   /* CERTFLEET_COMPONENT */
	const char *fingerprint; /* CERTFLEET_FINGERPRINT */
	const char *directory;   /* working directory of a command */
	const char *records;     /* directory of supervisors' records */
	bool leaves_nothing;     /* as in struct supervised */
	const char *proven;      /* executable signalled by the last proven
				    activation; NULL: unknown */
	const char *accepted;    /* executable accepted despite doubt; NULL: none */
};

/* The command that a supervisor runs; false: it is none. */
bool activate_supervised(const struct activation_order *o, struct arena *a, struct supervised *out);
/*
 * Activates, to the end.  *executable: that of the signalled process, in the arena;
 * NULL: unknown or no signal.  The record of a command is left to the caller.
 */
MUST_CHECK bool install_activate(const struct activation_order *o, struct arena *a,
				 const char **executable, struct err *e);
/*
 * Looks at what would be activated, here: doubt, untrusted, not_running, executable, and
 * of a unit the activation.
 */
void activate_inspect(const struct activate *how, const char *proven, struct arena *a,
		      struct observation *out);

#endif
