/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a component or a certificate is as it is: what cmd_explain.c finds, and explain_show.c
 * shows as text and as JSON (schemas/explain.schema.json).  All of it is borrowed from the
 * plan and the state, or in the session's arena.
 */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "base/arena.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/vec.h"
#include "model/plan.h"
#include "model/snapshot.h"
#include "state/journal.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* One fact, in words and as a value. */
struct explained_fact {
	const char *label; /* its key in JSON, with '_' for each blank */
	const char *words; /* for people, escaped; NULL: nothing to tell */
	json_t *value;     /* owned; NULL: the words */
	bool several;      /* a list in JSON, of all with this label */
};

struct explained_step {
	unsigned run;
	struct step_record record;
};

struct explained {
	const char *kind; /* "component" or "certificate" */
	const char *name;
	const char *state; /* of a component; NULL */
	VEC(struct explained_fact) facts;
	VEC(const struct generation *) generations; /* of a certificate, the newest first */
	VEC(struct explained_step) past;            /* the newest first */
	/* of a plan that is made now */
	VEC(const struct precondition *) preconditions;
	VEC(const struct left_out *) left_out;
	VEC(const struct step *) steps;
};

void explained_release(struct explained *x);
AUTO_STRUCT(explained, struct explained, explained_release)

/* `waves` of the plan; texts of its own in `a`. */
void explained_text(const struct explained *x, size_t waves, struct arena *a, bool color,
		    struct buf *out);
json_t *explained_json(const struct explained *x);

/* A generation as a value: null for NULL. */
json_t *explained_pair(const struct generation *g);

#endif
