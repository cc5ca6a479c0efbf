/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who certfleet is towards APIs: what was read for one of them is kept for
 * all that say the same, until the drivers end.
 */
#ifndef DRIVERS_API_IDENTITY_H
#define DRIVERS_API_IDENTITY_H

#include "base/auto.h"
#include "drivers/driver_table.h"
#include "model/http_spec.h"

#include <stdbool.h>

struct identities;

struct identities *identities_new(void);
void identities_free(struct identities *list);

/* `out` is NULL where nothing is said. */
MUST_CHECK bool identities_find(struct identities *list, const struct visit *v,
				const struct http_access *a, const struct identity **out,
				struct err *e);

/* "Basic ...", of user and password (RFC 7617); `out` must be empty. */
MUST_CHECK bool access_basic(const struct visit *v, const struct http_access *a, struct secret *out,
			     struct err *e);

#endif
