/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CA certificates that agents are trusted by: the file at `access: agent: ca`.
 * Certificates are compared by key and by bytes, never by path: the file may be
 * a copy, lie anywhere, or be in another format.
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
 * A CA that agents are trusted by must sign nothing else: ERR_INPUT when
 * `file`, the content of `access: agent: ca`, holds the CA of an issuer that
 * signs other certificates as well.
 */
MUST_CHECK bool agents_ca_check(const struct engine *en, const struct secret *file,
				const struct generation *generations, size_t count, struct err *e);
/*
 * Check before an agent is signed: agents_ca_check() passes, and the file holds
 * `authority`.  A file that lacks it or cannot be read is a warning.
 */
MUST_CHECK bool agents_ca_fits(struct engine *en, const struct generation *authority,
			       struct err *e);

#endif
