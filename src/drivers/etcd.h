/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver `etcd`: a pair published in an etcd (v3, over its JSON gateway)
 * for those who read it there: confd, templates, programs of one's own.
 *
 * Beneath the KEY of the fleet file stand
 *
 *	KEY/certificate   the leaf, as PEM
 *	KEY/chain         what is above it, without the root; may be empty
 *	KEY/fullchain     both
 *	KEY/key           the private key, PKCS#8 as PEM
 *	KEY/fingerprint   SHA-256 of the leaf, 64 lower-case hex digits
 *	KEY/revision      1, 2, 3...: it grows with everything published here
 *
 * which change together, in one transaction: whoever reads them in one, or
 * all at one revision, never sees halves.  KEY/revision is the one to watch.
 * Beside them are, for nobody else,
 *
 *	KEY/staged/FINGERPRINT/...   what the next commit publishes
 *	KEY/previous/...             what the last commit replaced
 *
 * Stage writes the former and reads it back; commit moves it over, and what
 * is there to KEY/previous, if nothing was written there since it looked;
 * abort drops it; revert publishes KEY/previous again.  Probe does not fetch
 * the key: the revisions of the keys tell whether all were written at once.
 *
 * A member that does not answer is passed over for the next.  All of this may
 * be repeated from any point: nothing is written but under a comparison, or
 * where only stage writes.
 *
 * Who reads the keys is not seen from here: what is installed is known, what
 * is served only where a port can be asked.
 */
#ifndef DRIVERS_ETCD_H
#define DRIVERS_ETCD_H

#include "drivers/driver_table.h"

extern const struct driver etcd_driver;

#endif
