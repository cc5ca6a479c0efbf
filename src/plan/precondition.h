/* SPDX-License-Identifier: Apache-2.0 */
/* Adding preconditions to a plan builder.  Internal to plan/. */
#ifndef PLAN_PRECONDITION_H
#define PLAN_PRECONDITION_H

#include "plan/builder.h"

#include <stdbool.h>
#include <stddef.h>

struct precondition_spec {
	enum code code;
	enum severity severity;
	const char *name; /* displayed subject; "" for the fleet */
	struct subject subject;
	bool retirements;         /* its unit is these */
	bool whole_run;           /* its unit is the run, whatever the subject */
	bool alone;               /* its unit is out already, and nothing waits for it */
	const char *message;      /* in the plan's arena */
	const char *remedy;       /* likewise; NULL: the code's remedy */
	const char *const *items; /* likewise; the subjects one by one */
	size_t item_count;
};

void precondition_add(struct plan_builder *d, const struct precondition_spec *f);

/* Splits a text "problem; remedy": its remedy is more specific than the code's. */
void precondition_split(struct plan_builder *d, const char *text, struct precondition_spec *f);

/* Severity of the code when its subject has a step; else info. */
enum severity precondition_severity(enum code code, bool has_step);

/* A precondition of a component, of a certificate, that has no message yet. */
struct precondition_spec precondition_of_component(const struct component_build *c, enum code code,
						   bool has_step);
struct precondition_spec precondition_of_certificate(const struct certificate_build *c,
						     enum code code, bool has_step);
/* `message` is in the plan's arena; whether the component has a step is in its build. */
void precondition_add_component(struct plan_builder *d, const struct component_build *c,
				enum code code, const char *message);
void precondition_add_certificate(struct plan_builder *d, const struct certificate_build *c,
				  enum code code, bool has_step, const char *message);
/* A role without a name stands for the fleet. */
void precondition_add_role(struct plan_builder *d, const struct role *role, enum code code,
			   enum severity severity, const char *message);

#endif
