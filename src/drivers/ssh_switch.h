/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The switch of a far target, as acts of the script: the counterpart of
 * install/switch.h.  Every list of acts leaves the old or the new state whole
 * wherever it is cut off.
 */
#ifndef DRIVERS_SSH_SWITCH_H
#define DRIVERS_SSH_SWITCH_H

#include "drivers/ssh_target.h"

struct ssh_target_switch {
	const char *version;
	/*
	 * Where real files or a real directory are kept: a version's name, or
	 * NULL when there is nothing real.
	 */
	const char *kept;
	bool kept_is_new; /* single paths: it was just written as STORE_NEW */
};

/* Turns the switch; what is not of use any more stays. */
void ssh_target_switch_to(const struct ssh_target *f, const struct ssh_target_switch *s,
			  struct ssh_script_ops *a);
/* Nothing is on and no link of ours is left. */
void ssh_target_switch_off(const struct ssh_target *f, struct ssh_script_ops *a);
/* Nothing is staged, and what was done is durable. */
void ssh_target_finish(const struct ssh_target *f, struct ssh_script_ops *a);
/* Removes all versions but `keep`, the one that was on, and those found. */
void ssh_target_prune(const struct ssh_target *f, const char *keep, struct ssh_script_ops *a);
/* Removes all versions of `base` but the one that is on. */
void ssh_target_forget(const struct ssh_target *f, const char *base, struct ssh_script_ops *a);
/* Removes what interrupted acts left. */
void ssh_target_clean(const struct ssh_target *f, struct ssh_script_ops *a);

#endif
