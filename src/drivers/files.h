/* SPDX-License-Identifier: Apache-2.0 */
/* The driver `files`: paths on the host that runs certfleet. */
#ifndef DRIVERS_FILES_H
#define DRIVERS_FILES_H

#include "drivers/driver.h"
#include "drivers/driver_table.h"

extern const struct driver files_driver;

/* The verbs of `files`, for other drivers that also install files. */
driver_fn files_probe, files_stage, files_commit, files_abort, files_revert, files_remove,
	files_read;

#endif
