/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver `http`: an API whose requests the fleet file declares.
 *
 * Every verb is the request of its name; where that is left out:
 *
 *	probe     nothing is known of what is installed
 *	stage     commit does all; only whether it answers is looked at
 *	abort     nothing was staged
 *	activate  the commit has taken the pair into use: what probe tells now
 *	          must be the new one
 *	revert    the former pair is staged and committed again, which the
 *	          state must know; back to nothing is `remove`
 *
 * A commit asks the probe first: what is there must be what the plan expects
 * to replace, and when it is the new pair already there is nothing to do.
 * A probe that is answered 404 means that nothing is installed.
 *
 * A private key cannot be read back over such an API.
 */
#ifndef DRIVERS_HTTP_H
#define DRIVERS_HTTP_H

#include "drivers/driver_table.h"

extern const struct driver http_driver;

#endif
