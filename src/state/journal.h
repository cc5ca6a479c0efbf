/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs and their steps: what an apply set out to do and how far it came.
 * A step's beginning is durable before the step acts; its end before the
 * next begins.  A run without an end is one that crashed.
 */
#ifndef STATE_JOURNAL_H
#define STATE_JOURNAL_H

#include "base/arena.h"
#include "base/err.h"
#include "model/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state;
struct change;

enum step_outcome {
	STEP_BEGUN,
	STEP_DONE,
	STEP_FAILED,
	STEP_UNDONE,
	STEP_OUTCOME_COUNT
};

struct run_record {
	unsigned number;
	const char *plan_hash;
	const char *plan; /* the whole plan as JSON: it holds no secret; NULL */
	const char *who;  /* user and host */
	int64_t started;
	int64_t ended; /* 0: it never ended */
	int exit_status;
	int64_t serial; /* the last serial this run wrote: when read, also by
			   commits after its record */
};

struct step_record {
	unsigned number; /* of the step in its plan, from 1 */
	enum step_kind kind;
	const char *component;
	const char *certificate;
	const char *generation;
	enum step_outcome outcome;
	int64_t started;
	int64_t ended;
	const char *error; /* NULL */
};

/*
 * Gives the run its number.  From then on, or from the first journal_step()
 * of a process that resumes it, every commit counts as the run's.
 */
MUST_CHECK bool journal_begin_run(struct state *s, struct run_record *r, struct err *e);
/* `more` (may be NULL) is committed with it, all or nothing. */
MUST_CHECK bool journal_end_run(struct state *s, struct run_record *r, struct change *more,
				struct err *e);
MUST_CHECK bool journal_step(struct state *s, const struct run_record *r,
			     const struct step_record *step, struct err *e);
/* Several at once, one transaction (a wave). */
MUST_CHECK bool journal_steps(struct state *s, const struct run_record *r,
			      const struct step_record *steps, size_t count, struct err *e);

/* All runs, without their plans. */
MUST_CHECK bool journal_runs(struct state *s, struct arena *a, struct run_record **out,
			     size_t *count, struct err *e);
/* One run, with its plan. */
MUST_CHECK bool journal_run(struct state *s, unsigned number, struct arena *a,
			    struct run_record *out, struct err *e);
MUST_CHECK bool journal_run_steps(struct state *s, unsigned run, struct arena *a,
				  struct step_record **out, size_t *count, struct err *e);
/* The newest run when it never ended; ERR_MISSING when all have. */
MUST_CHECK bool journal_open_run(struct state *s, struct arena *a, struct run_record *out,
				 struct err *e);

extern const char *const step_outcome_names[STEP_OUTCOME_COUNT + 1];

#endif
