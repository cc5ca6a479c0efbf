/* SPDX-License-Identifier: Apache-2.0 */
/* What a test asks a driver for; included after cmocka's headers. */
#ifndef JOB_OF_H
#define JOB_OF_H

#include "place_fixture.h"

#include "drivers/driver.h"

static inline struct job job_of(const struct component *c, enum driver_verb verb,
				const struct pair *p)
{
	return (struct job){ .verb = verb,
			     .component = c,
			     .fingerprint = p ? p->facts.fingerprint : "",
			     .set = p ? &p->set : NULL,
			     .key = p ? &p->key : NULL,
			     .arena = &test_arena };
}

#endif
