/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row: what a way to reach components can do.  Each verb answers one
 * job; false leaves why in `e`.
 */
#ifndef DRIVERS_TABLE_H
#define DRIVERS_TABLE_H

#include "drivers/driver.h"

typedef bool driver_fn(struct job *j, struct err *e);
typedef bool driver_read_fn(const struct component *c, struct arena *a,
			    struct cert_set *set, struct secret *key,
			    struct err *e);

struct driver {
	driver_fn *verbs[DRIVER_VERB_COUNT];
	driver_read_fn *read_installed;
};

#endif
