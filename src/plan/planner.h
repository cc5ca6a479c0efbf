/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planner: (fleet, snapshot, now, choices) -> plan.  Pure: no clock, no
 * file, no socket, no printing.  Equal arguments give equal plans.
 *
 *	targets, scope  the objects a plan is about
 *	use             former generations that --use makes desired
 *	from_backup     those of a bundle, which --from-backup makes desired
 *	diff            issuers and certificates that are new
 *	component_steps components that must change
 *	approvals       changes that signers have to approve
 *	codes, precondition, acks  preconditions and their acknowledgement
 *	left_out        what they take out of the plan
 *	limits          what one run leaves to the next
 *	awaited         pairs that a person imports, and what waits for that
 *	quorum          processes that keep others of their quorum from a restart
 *	waves           processes that may change at the same time
 *	step_order      order of the steps
 *	windows         steps that wait for a window, or for the end of a freeze
 *	contact         hosts, secrets, commands and paths new to this plan
 *	summary, render_text, render_markdown, plan_json  text, Markdown and JSON
 *	forecast        what later plans will have to do
 *	compare         comparison of two plans by their JSON
 */
#ifndef PLAN_PLANNER_H
#define PLAN_PLANNER_H

#include "base/buf.h"
#include "base/err.h"
#include "model/plan.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct member;

struct plan_input {
	const struct fleet *fleet;
	const struct snapshot *snapshot;
	int64_t at;
	int64_t valid_for; /* 0: PLAN_VALID_FOR */
	const char *spec_digest;
	struct choices choices;
	/* Plan of the interrupted run that this plan resumes, of the same targets
	 * and reissues: --reissue counts as done for certificates without an issue
	 * step there, or with a newer generation than that replaces.  NULL: none. */
	const struct plan *broken;
	const char *maker; /* of the saved plan that is made again; NULL */
	/* What needs approvals waits for them; else it is planned as if approved. */
	bool unapproved;
	/* Components that leave the plan, sorted by name: they moved since it was saved. */
	const struct moved_component *moved;
	size_t moved_count;
};

/*
 * Makes a plan for the whole fleet or, with targets, for the components that
 * match, their certificates and the issuers of those.  Planning never writes:
 * the snapshot has `was:` renames under the new name already, and a `was` of
 * something unknown has no effect.
 *
 * `out` must be empty; the plan copies what it keeps and outlives the input.
 * ERR_USAGE when a target, reissue or ack matches no name.
 */
MUST_CHECK bool plan_make(const struct plan_input *in, struct plan *out, struct err *e);

/* What the state knows of a target of notifications, once a completed run had it; in `a`. */
const char *notify_contact(const struct notify *n, struct arena *a);

/* Whether an apply writes anything: a step, or a record of a rename (`was:`),
 * a hold or an acknowledgement. */
bool plan_has_work(const struct plan *p);
/* The same at a later time than the plan's, when other windows are open. */
bool plan_has_work_at(const struct plan *p, const struct fleet *f, int64_t now);
/*
 * Which steps may not be done at a time, since it is in no window of their role, or in a
 * freeze: of each step when it may, 0 for now.  The components of an all-first
 * certificate wait for each other, and those of one certificate for these in the roles
 * that theirs comes after.  What only verifies does not wait, nor does a roll back.
 */
void plan_windows(const struct plan *p, const struct fleet *f, int64_t at, int64_t *waits_until);

/* ---- forecast (forecast.c) ---- */

/* What is due on one day; the days are those of UTC. */
struct forecast_day {
	int64_t day; /* its beginning */
	size_t renewals;
	size_t components; /* that get a pair */
	size_t restarts;   /* of these, whose process is restarted then */
	bool over_limits;
	/* of the certificates that are renewed or delivered, each once */
	const char *const *certificates;
	size_t certificate_count;
};

/* An import, which certfleet does not renew. */
struct forecast_import {
	const char *certificate;
	int64_t renew_at;
	int64_t not_after;
};

/* A renewal that no window of a role comes after in time. */
struct forecast_conflict {
	const char *certificate;
	const char *role;
	int64_t renew_at;
	int64_t not_after;
	const char *freeze;    /* reason of the freeze at that time; NULL: none */
	struct open_span last; /* last window before the end; `until` 0: none is left */
};

struct forecast {
	const struct fleet *fleet;
	int64_t at;
	int64_t until;
	const struct forecast_day *days; /* those with anything, in order */
	size_t day_count;
	const struct forecast_import *imports; /* by certificate */
	size_t import_count;
	const struct forecast_conflict *conflicts; /* by certificate, then time */
	size_t conflict_count;
	const struct forecast_day *first_over; /* NULL: no day is over the limits */
};

/*
 * What the applies of the next days will have to do, by the fleet file and what the state
 * remembers, when there is one each day and nothing fails.  Everything lives in `a`.
 */
void forecast_make(const struct fleet *f, const struct snapshot *s, int64_t at, int64_t until,
		   struct arena *a, struct forecast *out);

/* Human-readable plan; `verbose` adds unchanged components. */
void plan_render_text(const struct plan *p, bool verbose, bool color, struct buf *out);
/*
 * Plan as Markdown for the comment of a pull request: smaller than PLAN_MARKDOWN_LIMIT
 * whatever its size, with all text from outside in code spans.
 */
enum {
	PLAN_MARKDOWN_LIMIT = 60000
};
void plan_render_markdown(const struct plan *p, struct buf *out);
/* Version of the JSON form; a new key raises the second number. */
#define PLAN_FORMAT "1.7"

/*
 * Stable JSON form of a plan, for programs and for saved plans.  Holds the
 * choices too, so that a saved plan has all that is needed to make it again.
 * `generated_at` is `at`.  Steps are "s1", "s2"..., waves count from 1, null
 * where there is none.  The caller owns the reference.
 */
json_t *plan_to_json(const struct plan *p);
/* The members `preconditions` and `left_out` of the document, for events. */
void plan_tell_left_out(const struct plan *p, json_t *event);
/* Members of the document, for the comparison of two plans. */
extern const struct member *const plan_members;
/*
 * Decodes a saved plan; `out` must be empty.  A saved plan is not trusted: a
 * document that plan_to_json() would not have written, to the last key, is
 * refused with ERR_INPUT.  Restores of each observation name, online, version,
 * installed, served and error.
 */
MUST_CHECK bool plan_from_json(const json_t *json, struct plan *out, struct err *e);

/*
 * Saved form of a plan: observations only of components with a step.  Other
 * components may change while the plan waits without making it stale, so a
 * saved observation of them could never be checked; therefore it is left out.
 * A shallow copy, which has no arena of its own and must not outlive `p` and
 * `a`.
 */
struct plan plan_saved_form(const struct plan *p, struct arena *a);
/*
 * Whether the saved form of `fresh` equals `saved`, to the last member of the
 * document.  ERR_STALE names the first member that differs, and both values,
 * escaped and truncated.
 */
MUST_CHECK bool plan_is_same(const struct plan *saved, const struct plan *fresh, struct err *e);
/*
 * Whether `fresh`, which moved components have left, is a part of `saved`: each
 * of its steps is there, in the same order, with the same observation and under
 * the same preconditions, and a step that is missing is of what `fresh` leaves
 * out.  ERR_STALE else.
 */
MUST_CHECK bool plan_is_part(const struct plan *saved, const struct plan *fresh, struct err *e);

#endif
