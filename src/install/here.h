/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An install on this machine: its directories and its store as descriptors, the
 * view of what stands there, and what a decision makes of it.
 *
 * here_look() opens and reads; for a verb that changes something, the first store is
 * locked from before the look until here_release().  here_execute() carries a
 * decision out.  Neither decodes certificates, forks, or touches anything but
 * its own struct, so both run in threads; deciding, between them, does not.
 */
#ifndef INSTALL_HERE_H
#define INSTALL_HERE_H

#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"
#include "install/decide.h"
#include "install/view.h"

#include <stdbool.h>

struct here {
	struct arena arena;
	struct install_view view;
	int homes[FILE_KIND_COUNT]; /* by slot: parent directory; -1: none */
	int stores[STORE_COUNT];    /* -1: none */
};

void here_release(struct here *h);
AUTO_STRUCT(here, struct here, here_release)

/* `h` must be zero; it is released by the caller in any case. */
MUST_CHECK bool here_look(struct here *h, const struct install *i, const struct install_order *o,
			  struct err *e);
MUST_CHECK bool here_execute(struct here *h, const struct install_decision *d, struct err *e);

#endif
