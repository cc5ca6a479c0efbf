/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would be done: plain data, printable, storable, comparable.  Made by
 * plan/ from (fleet, snapshot, now, choices) alone; executed by engine/.
 *
 * Steps stand in the order in which they may be executed one after the
 * other.  A step's `after` are indexes of earlier steps.
 */
#ifndef MODEL_PLAN_H
#define MODEL_PLAN_H

#include "base/arena.h"
#include "model/activation.h"
#include "model/fleet.h"
#include "model/issue_request.h"
#include "model/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum step_kind {
	STEP_CREATE_ISSUER,
	STEP_PUBLISH, /* write an issuer's certificate for those who trust it */
	STEP_ISSUE,
	STEP_IMPORT,
	STEP_BACKUP,
	STEP_STAGE,
	STEP_COMMIT,
	STEP_ACTIVATE,
	STEP_VERIFY,
	STEP_ROLLBACK, /* never planned; journalled when it happens */
	STEP_RETIRE,
	STEP_KIND_COUNT
};

enum {
	NO_WAVE = -1
};

struct step {
	enum step_kind kind;
	const char *component;   /* NULL when it is about no component */
	const char *certificate; /* or the issuer's name, for issuer steps */
	const char *process;     /* of the component; NULL without one */
	/*
	 * The fingerprint it works with; NULL for one that this plan's own
	 * issue step will make.
	 */
	const char *generation;
	/*
	 * What a commit expects to replace; NULL: unknown, "": nothing.  Of an
	 * issue step the newest generation so far; NULL: there is none.
	 */
	const char *replaces;
	enum activation activation;
	int wave; /* index into waves, or NO_WAVE */
	const char *reason;
	/* what is issued, field by field; none of the other kinds */
	const struct request_field *request;
	size_t request_count;
	const size_t *after;
	size_t after_count;
};

/* Processes that may be activated at the same time. */
struct wave {
	const char *role;
	const char *const *processes; /* sorted */
	size_t process_count;
	unsigned limit; /* the role's max_unavailable as a number */
	bool canary;
	bool postponed; /* committed only; activated some other time */
};

enum severity {
	SEVERITY_BLOCK,
	SEVERITY_ACKNOWLEDGE,
	SEVERITY_INFO,
	SEVERITY_COUNT
};

struct precondition {
	const char *code;
	enum severity severity;
	const char *component; /* or certificate or issuer; "" for the fleet */
	const char *message;
	const char *remedy;
	bool acknowledged;
	const char *const *items; /* what it is about, one by one; mostly none */
	size_t item_count;
};

/*
 * What the user chose on the command line; part of the plan.
 * target: component, group, role:NAME, certificate:NAME, issuer:NAME.
 * ack: CODE or CODE:T.
 */
struct choices {
	const char *const *targets;
	size_t target_count;
	const char *const *acks;
	size_t ack_count;
	const char *const *reissue; /* certificate names */
	size_t reissue_count;
	bool restart_postponed;
};

struct plan {
	struct arena arena;
	const char *fleet;
	int64_t at;
	const char *spec_digest;
	const char *lineage;
	int64_t serial;
	struct choices choices;
	/* the components of this plan's scope, sorted; borrowed strings copied
	 */
	const struct component_seen *observed;
	size_t observed_count;
	/* first-contact, then block, acknowledge, info */
	const struct precondition *preconditions;
	size_t precondition_count;
	const struct step *steps;
	size_t step_count;
	const struct wave *waves;
	size_t wave_count;
	size_t unchanged; /* components in scope that need no step */
	/* these are not in the JSON form: offline ones that need a change, and
	 * what the state remembers when the plan's run has completed; sorted */
	const char *const *deferred;
	size_t deferred_count;
	const char *const *reach;
	size_t reach_count;
	/* keys of foreign authorities that are accepted now or were before */
	const char *const *accepted;
	size_t accepted_count;
};

void plan_release(struct plan *p);
AUTO_STRUCT(plan, struct plan, plan_release)

/* An acknowledgement that goes with the activation. */
#define PLAN_PIDFILE_DOUBTFUL "pidfile-doubtful"

/* The components with a step, in the arena. */
struct stepped {
	const char **names; /* sorted; some more than once */
	size_t count;
};
struct stepped plan_stepped(const struct plan *p, struct arena *a);
bool stepped_has(const struct stepped *s, const char *component);

/* Whether the plan has this precondition of a component, acknowledged. */
bool plan_accepts(const struct plan *p, const char *code, const char *component);
/* Whether a step of this severity stands unanswered. */
bool plan_is_blocked(const struct plan *p);
bool plan_needs_acknowledgement(const struct plan *p);

extern const char *const step_kind_names[STEP_KIND_COUNT + 1];
extern const char *const severity_names[SEVERITY_COUNT + 1];

#endif
