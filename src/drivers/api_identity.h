/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client identities for APIs (CA, TLS certificate and key), and the header for
 * user and password.  An identity is read once and shared by all components with
 * the same access keys, until drivers_free().
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

/* *out: NULL when the fleet file names neither CA nor certificate. */
MUST_CHECK bool identities_find(struct identities *list, const struct driver_session *v,
				const struct http_access *a, const struct identity **out,
				struct err *e);

/* The header value "Basic ..." for user and password (RFC 7617); `out` must be empty. */
MUST_CHECK bool access_basic(const struct driver_session *v, const struct http_access *a,
			     struct secret *out, struct err *e);

#endif
