/* SPDX-License-Identifier: Apache-2.0 */
/* The time at which a certificate is due for renewal, also where no `renew_before` is given. */
#ifndef MODEL_RENEWAL_H
#define MODEL_RENEWAL_H

#include "model/fleet.h"
#include "model/snapshot.h"

#include <stdint.h>

/*
 * When a generation is due: with L its lifetime from its issue on,
 * not_after - renew_before when 0 < renew_before < L (so a new one is never
 * due at once), a percentage is of L, else a third of L.
 */
int64_t renewal_due_at(const struct generation *g, struct renew_before rb);

#endif
