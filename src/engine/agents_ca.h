/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authorities that agents are believed by: the file at `access: agent:
 * ca`.  Certificates are compared by key and by bytes, never by path: the
 * file may be a copy, lie anywhere, or hold them in another form.
 */
#ifndef ENGINE_AGENTS_CA_H
#define ENGINE_AGENTS_CA_H

#include "base/err.h"
#include "base/secret.h"
#include "model/snapshot.h"

#include <stdbool.h>
#include <stddef.h>

struct engine;

/*
 * Whoever is believed as an agent must sign nothing else: ERR_INPUT when
 * `file`, which is that file, holds the authority of an issuer that signs
 * other certificates as well.
 */
MUST_CHECK bool agents_ca_check(const struct engine *en, const struct secret *file,
				const struct generation *generations, size_t count, struct err *e);
/*
 * For what signs an agent: the file passes the check, and holds `authority`;
 * when it does not hold it, or cannot be read, that is a warning.
 */
MUST_CHECK bool agents_ca_fits(struct engine *en, const struct generation *authority,
			       struct err *e);

#endif
