/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations shared by the enrolment files. */
#ifndef ENGINE_ENROL_INTERNAL_H
#define ENGINE_ENROL_INTERNAL_H

#include "engine/enrol_accept.h"
#include "engine/internal.h"

#include <stdbool.h>

/* Newest CA generation of an issuer; ERR_MISSING when there is none. */
MUST_CHECK bool enrol_authority(struct engine *en, const char *issuer, struct arena *a,
				struct generation *out, struct err *e);
/*
 * Trust grant for a new agent: the clients it shall accept.  Checked to
 * authorize `access: {agent: ...}`, unless the wish names CA and clients.
 */
MUST_CHECK bool operator_grant(struct engine *en, const struct grant_spec *spec, struct arena *a,
			       struct trust_grant *out, struct err *e);

#endif
