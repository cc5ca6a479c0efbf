/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver `caddy`: a pair inside the configuration of a running Caddy.
 *
 * It is the object {"@id": ID, "certificate": PEM, "key": PEM, ...} of
 * apps.tls.certificates.load_pem, reached over the admin API.  What the
 * running configuration holds is what the process uses, so that is both
 * installed and, as the driver's own proof, served.
 *
 * Caddy has no room beside the object.  Stage therefore only looks that the
 * API answers and that the object is there; commit is the swap: it reads the
 * object, puts certificate and key into it, leaves all else of it as it was,
 * and writes it back under the ETag it was read with, so that nobody else's
 * change is lost.  Caddy tries the new configuration first and keeps the old
 * one when it refuses.  Activate asks again and compares.  Revert is the same
 * swap with the former pair, which the state must know.  Remove deletes the
 * object, unless it holds another pair than the last one known.
 *
 * The answer holds the private key: it is wiped.
 */
#ifndef DRIVERS_CADDY_H
#define DRIVERS_CADDY_H

#include "drivers/driver_table.h"

extern const struct driver caddy_driver;

#endif
