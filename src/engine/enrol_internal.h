/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of enrolment share. */
#ifndef ENGINE_ENROL_INTERNAL_H
#define ENGINE_ENROL_INTERNAL_H

#include "engine/enrol_accept.h"
#include "engine/internal.h"

#include <stdbool.h>

/* The newest authority of an issuer; ERR_MISSING when there is none. */
MUST_CHECK bool enrol_authority(struct engine *en, const char *issuer, struct arena *a,
				struct generation *out, struct err *e);
/*
 * Whom the agent shall obey; proven to let `access: {agent: ...}` in, unless
 * the wish names others.
 */
MUST_CHECK bool operator_grant(struct engine *en, const struct grant_wish *wish, struct arena *a,
			       struct trust_grant *out, struct err *e);

#endif
