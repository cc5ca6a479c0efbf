/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a process take what is installed into use: a signal to the process
 * a pidfile names, or a command.
 *
 * The pidfile is a regular file, writable only by root, us or the owner of
 * the process it names; the pid is above 1; the signal goes through a pidfd,
 * so it cannot hit a successor.
 */
#ifndef PLACE_ACTIVATE_H
#define PLACE_ACTIVATE_H

#include "base/err.h"
#include "model/fleet.h"

struct activation_order {
	const struct activate *how;
	const char *component;   /* CERTFLEET_COMPONENT */
	const char *fingerprint; /* CERTFLEET_FINGERPRINT */
	const char *directory;   /* working directory of a command */
};

MUST_CHECK bool place_activate(const struct activation_order *o, struct err *e);

#endif
