/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The switch of a far target, as acts of the script: the counterpart of
 * install/switch.h.  Every list of acts leaves the old or the new state whole
 * wherever it is cut off.
 */
#ifndef DRIVERS_SSH_SWITCH_H
#define DRIVERS_SSH_SWITCH_H

#include "drivers/ssh_target.h"

struct far_switch {
	const char *version;
	/*
	 * Where real files or a real directory are kept: a version's name, or
	 * NULL when there is nothing real.
	 */
	const char *kept;
	bool kept_is_new; /* single paths: it was just written as STORE_NEW */
};

/* Turns the switch; what is not of use any more stays. */
void far_switch_to(const struct far *f, const struct far_switch *s, struct far_acts *a);
/* Nothing is on and no link of ours is left. */
void far_switch_off(const struct far *f, struct far_acts *a);
/* Nothing is staged, and what was done is durable. */
void far_settle(const struct far *f, struct far_acts *a);
/* Removes all versions but `keep`, the one that was on, and those found. */
void far_prune(const struct far *f, const char *keep, struct far_acts *a);
/* Removes all versions of `base` but the one that is on. */
void far_forget(const struct far *f, const char *base, struct far_acts *a);
/* Removes what interrupted acts left. */
void far_clean(const struct far *f, struct far_acts *a);

#endif
