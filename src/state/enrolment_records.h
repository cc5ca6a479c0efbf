/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of enrolment: unused invites, and certificates of enrolled agents.
 *
 *	invite/ID      struct invite
 *	agent/NAME/N   struct enrolled (N with 6 digits)
 */
#ifndef STATE_ENROLMENT_RECORDS_H
#define STATE_ENROLMENT_RECORDS_H

#include "base/arena.h"
#include "base/err.h"
#include "model/enrolment.h"

#include <stdbool.h>
#include <stddef.h>

struct state;
struct change;

/* Invite with this id; ERR_MISSING when there is none. */
MUST_CHECK bool state_invite(struct state *s, const char *id, struct arena *a, struct invite *out,
			     struct err *e);
MUST_CHECK bool state_invites(struct state *s, struct arena *a, const struct invite **out,
			      size_t *count, struct err *e);
void change_invite(struct change *c, const struct invite *i);
void change_forget_invite(struct change *c, const char *id);

/* Enrolled certificates, grouped by agent and sorted by number. */
MUST_CHECK bool state_enrolled(struct state *s, struct arena *a, const struct enrolled **out,
			       size_t *count, struct err *e);
struct stored_record;
MUST_CHECK bool enrolled_read(const struct stored_record *r, struct arena *a, struct enrolled *out,
			      struct err *e);
void change_enrolled(struct change *c, const struct enrolled *agent);
void change_forget_enrolled(struct change *c, const struct enrolled *agent);

#endif
