/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verb does to the paths of another machine, decided by what stands
 * there: a version to write, and acts to do after that.
 */
#ifndef DRIVERS_SSH_DECIDE_H
#define DRIVERS_SSH_DECIDE_H

#include "drivers/ssh_target.h"

#include <stdbool.h>

struct ssh_decision {
	struct ssh_target *far;
	struct pair_files written; /* as STORE_NEW, when `writes` */
	bool writes;
	struct ssh_script_ops acts; /* none: nothing is to be done */
};

/*
 * By the verb of the job; probe and read are answered at once.  False: it
 * cannot be done, and nothing is.
 */
MUST_CHECK bool ssh_target_decide(struct ssh_decision *w, struct err *e);
const char *ssh_target_first_path(const struct ssh_target *f);

#endif
