/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `activate: {http: ...}`: one request, made from here, that makes a process
 * take its pair into use, however that was delivered.
 */
#ifndef DRIVERS_ACTIVATE_HTTP_H
#define DRIVERS_ACTIVATE_HTTP_H

#include "drivers/driver_table.h"

extern const struct driver call_driver; /* activate alone */

#endif
