/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pair as files, for the time that a program of the user's own runs:
 * PARENT/pair, mode 0700, with leaf.pem, chain.pem, fullchain.pem, key.pem and,
 * where it is known, ca.pem, mode 0600.
 *
 * There is one at a time, whose maker holds the lock of the state.  Its files
 * are overwritten before they are removed.  What a killed run has left is
 * removed by pair_directory_remove() at the next one.
 */
#ifndef DRIVERS_PAIR_DIRECTORY_H
#define DRIVERS_PAIR_DIRECTORY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"

/* `path` is absolute, in the arena. */
MUST_CHECK bool pair_directory_make(const char *parent, const struct cert_set *set,
				    const struct secret *key, struct arena *a, const char **path,
				    struct err *e);
/* True as well when there is none. */
MUST_CHECK bool pair_directory_remove(const char *parent, struct err *e);

#endif
