/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The progress of a run: prints the engine's events as lines for people or as
 * JSON, and collects the result of each step for the summary.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "base/arena.h"
#include "base/vec.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "engine/engine.h"
#include "report/notification.h"

#include <stdbool.h>
#include <stddef.h>

enum step_mark {
	STEP_MARK_WAITING,
	STEP_MARK_RUNNING,
	STEP_MARK_DONE,
	STEP_MARK_FAILED,
	STEP_MARK_COUNT
};

struct progress {
	struct terminal *terminal;
	struct arena *arena;
	const struct session *session;
	bool json;
	const struct plan *plan; /* of the run; NULL before it */
	/* saved plan that too few have approved, and how many are missing; NULL */
	const char *unapproved;
	size_t approvals_missing;
	enum step_mark *marks; /* one for each step of the plan */
	size_t ended;          /* steps of it */
	int64_t began_ms;
	size_t subject_width; /* of a column of names on a terminal */
	/* of the steps that are executed together now, of which one is `group` */
	const struct step *group; /* NULL: none yet */
	size_t marked[STEP_MARK_COUNT];
	VEC(struct failed_step) broken;
	VEC(const char *) rolled_back; /* components */
};

/* Events from now on are about the steps of this plan. */
void progress_begin(struct progress *p, const struct plan *plan);
/* Prints whether a target was notified. */
void progress_tell_notified(struct terminal *t, struct arena *a, const struct event *event);
/* An event_fn; ctx is the progress. */
void progress_listen(void *ctx, const struct event *event);
/* Prints the summary: failed, rolled back and not started steps. */
void progress_sum_up(const struct progress *p, const struct apply_result *r);
/* The command that goes on, in `a`; NULL: nothing is left. */
const char *progress_next(const struct progress *p, int status, struct arena *a);
/*
 * How many components have a step that was done and changed them, and how many certificates
 * were issued or imported.
 */
size_t progress_changed(const struct progress *p, size_t *issued);
/* Prints the next command when the status is not EXIT_DONE; `r` NULL: no run took place. */
void progress_tell_next(const struct progress *p, const struct apply_result *r, int status);
/* The same in an event: "next", null when nothing is left. */
void progress_add_next(const struct progress *p, int status, json_t *event);

/*
 * What waits for a window, in an event: how many components, and when the first of these
 * opens; by the steps of the plan, or as a run has found it.
 */
void progress_add_waiting(const struct plan *p, const int64_t *waits_until, json_t *event);

#endif
