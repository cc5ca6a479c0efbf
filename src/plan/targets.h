/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What users point at: T is a component or a group, role:NAME,
 * certificate:NAME (also all that `per: component` made of it) or
 * issuer:NAME.  Internal to plan/.
 */
#ifndef PLAN_TARGETS_H
#define PLAN_TARGETS_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum target_kind {
	TARGET_COMPONENT,
	TARGET_ROLE,
	TARGET_CERTIFICATE,
	TARGET_ISSUER,
	TARGET_KIND_COUNT
};

struct plan_target {
	enum target_kind kind;
	const char *name;
	bool used; /* something was covered by it */
};

struct targets {
	struct plan_target *list; /* sorted */
	size_t count;
};

/* Something that may be pointed at; what it has not is NULL. */
struct subject {
	const char *component;
	const char *role;
	const char *certificate;
	const char *issuer;
};

/* ERR_USAGE when nothing stands after "role:" and the like. */
MUST_CHECK bool target_parse(const char *text, struct plan_target *out, struct err *e);
/* "role:web", as the user would write it. */
const char *target_text(struct arena *a, const struct plan_target *t);

void targets_sort(struct targets *ts);
/* Whether one of them covers `s`; all that do are marked as used. */
bool targets_cover(struct targets *ts, const struct subject *s);
/* The first that covered nothing; NULL: every one did. */
const struct plan_target *targets_unused(const struct targets *ts);

#endif
