/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What preconditions take out of a plan.  Internal to plan/.
 *
 * Each precondition that blocks or waits for an acknowledgement takes out its
 * unit (plan/codes.h), and all else stays:
 *
 *	an issuer takes out its certificates, a certificate its components;
 *	a component of an all-first certificate takes out the certificate;
 *	a component waits when one of the same certificate is left out in a role
 *	that its own comes after;
 *	a canary that is left out is replaced by the next process (waves.c).
 *
 * What is accepted (offline as its role says, or acknowledged) takes out nothing
 * else.
 */
#ifndef PLAN_LEFT_OUT_H
#define PLAN_LEFT_OUT_H

#include "plan/builder.h"

/* A cause that the role or the user accepts; `name` is in the plan's arena. */
const struct cause *accepted_cause(struct plan_builder *d, enum code code, const char *name);
/* Takes a component out; a cause that is accepted gives way to one that is not. */
void leave_component(struct component_build *c, const struct cause *cause);

/* Takes out what the process has to take into use. */
void leave_process(const struct process_build *p, const struct cause *cause);

/* Takes out what depends on those that were taken out. */
void left_out_spread(struct plan_builder *d);
/* Takes out the units of all troubles, and what depends on them. */
void left_out_decide(struct plan_builder *d);
/* Lists what is out of the plan although it needs a change. */
void left_out_list(struct plan_builder *d);

#endif
