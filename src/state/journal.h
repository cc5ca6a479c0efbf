/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal of runs and their steps: plan and progress of every apply.  A step's
 * start is durable before the step acts; its end before the next step starts.
 * A run without an end was interrupted.
 *
 * A run with its steps and its plan is a line of the history (state/history.c).  Each
 * line has the hash of the one before, as it stood when the run began; the hash of the
 * newest closed one is the head, which bundles carry.
 */
#ifndef STATE_JOURNAL_H
#define STATE_JOURNAL_H

#include "base/arena.h"
#include "base/err.h"
#include "model/approval.h"
#include "model/plan.h"
#include "state/state.h"

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

/* A target of notifications that was told of a run, or could not be. */
struct notified {
	const char *target;
	const char *error; /* NULL: it was told */
};

struct run_record {
	unsigned number;
	const char *plan_hash;
	const char *plan; /* complete plan as JSON, without secrets; NULL */
	const char *who;  /* user and host */
	int64_t started;
	int64_t ended; /* 0: interrupted or still running */
	int exit_status;
	bool stopped;                     /* before its end, as the user asked */
	const struct approval *approvals; /* that counted for it */
	size_t approval_count;
	const char *reason; /* why it needed none; NULL */
	const struct notified *told;
	size_t told_count;
	/* hash of the line before; "": there is none; NULL: of a former version, without hashes */
	const char *previous;
	int64_t serial; /* last serial written by this run, including commits after its record */
};

struct step_record {
	unsigned number; /* of the step in its plan, from 1 */
	enum step_kind kind;
	const char *component;
	const char *certificate;
	const char *copy;
	const char *generation;
	enum step_outcome outcome;
	int64_t started;
	int64_t ended;
	const char *error; /* NULL */
};

/*
 * Records the start of a run and assigns its number.  From then on, or from the
 * first journal_step() of a process that resumes it, every commit counts as the
 * run's.
 */
MUST_CHECK bool journal_begin_run(struct state *s, struct run_record *r, struct err *e);
/*
 * Records the end of a run, in one transaction with `more` (may be NULL).  Of the newest
 * run it may be recorded again, with who was told.
 */
MUST_CHECK bool journal_end_run(struct state *s, struct run_record *r, struct change *more,
				struct err *e);
MUST_CHECK bool journal_step(struct state *s, const struct run_record *r,
			     const struct step_record *step, struct err *e);
/* Several steps (a wave) in one transaction. */
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
/* The newest run if it has not ended; ERR_MISSING when it has. */
MUST_CHECK bool journal_open_run(struct state *s, struct arena *a, struct run_record *out,
				 struct err *e);

/*
 * Checks that no line of the history is missing or was changed; a flaw is one line of
 * text.  `out->records` is how many lines are proven by the hash that follows them.
 */
MUST_CHECK bool history_verify(struct state *s, struct flaw_list *out, struct err *e);
/*
 * Adds a flaw unless the history has this line with this hash, as `where` says.  Nothing is
 * known of the lines of a lost state before the one that was restored.
 */
MUST_CHECK bool history_compare(struct state *s, const struct history_head *head, const char *where,
				struct flaw_list *out, struct err *e);

extern const char *const step_outcome_names[STEP_OUTCOME_COUNT + 1];

#endif
