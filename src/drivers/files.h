/* SPDX-License-Identifier: Apache-2.0 */
/* The driver `files`: paths of the machine certfleet runs on. */
#ifndef DRIVERS_FILES_H
#define DRIVERS_FILES_H

#include "drivers/driver.h"
#include "drivers/table.h"

extern const struct driver files_driver;

#endif
