/* SPDX-License-Identifier: Apache-2.0 */
/* The driver `files`: paths on the host that runs certfleet. */
#ifndef DRIVERS_FILES_H
#define DRIVERS_FILES_H

#include "drivers/driver.h"
#include "drivers/driver_table.h"

extern const struct driver files_driver;

/* The verbs that `files` shares with other drivers that install files: all but activate. */
enum {
	FILES_VERBS = ((1 << DRIVER_VERB_COUNT) - 1) & ~(1 << DRIVER_ACTIVATE)
};
/* Runs jobs of these verbs together. */
void files_run(struct job *const *jobs, size_t count);

#endif
