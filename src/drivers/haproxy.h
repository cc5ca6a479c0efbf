/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver `haproxy`: a pair swapped in a running HAProxy.
 *
 * What is installed is the file that HAProxy loads at its start; stage,
 * commit, abort and revert are place/'s, so a pair is staged beside it,
 * re-read by hash and switched in one rename.  Activate hands what is
 * installed to the process over its runtime API (set, then commit; refused:
 * abort, and the process keeps what it had), without a reload, and reads
 * back that it took it.
 *
 * HAProxy tells the SHA-1 of the leaf it holds.  When that is the leaf of the
 * file, the file's fingerprint is served; when not, nothing that is known ("").
 */
#ifndef DRIVERS_HAPROXY_H
#define DRIVERS_HAPROXY_H

#include "drivers/driver_table.h"

extern const struct driver haproxy_driver;

#endif
