/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plan of a run: plain data, printable, storable, comparable.  Made by plan/
 * from (fleet, snapshot, now, choices) alone; executed by engine/.
 *
 * Steps are in an order in which they may be executed one after the other.  A
 * step's `after` are indexes of earlier steps.
 */
#ifndef MODEL_PLAN_H
#define MODEL_PLAN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/exit_status.h"
#include "model/activation.h"
#include "model/fleet.h"
#include "model/hold.h"
#include "model/issue_request.h"
#include "model/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum step_kind {
	STEP_CREATE_ISSUER,
	STEP_PUBLISH, /* write the file with an issuer's CA certificate */
	STEP_ISSUE,
	STEP_IMPORT,
	STEP_EXPORT, /* write the file with a new pair for people */
	STEP_BACKUP,
	STEP_COPY, /* the bundle, to one copy */
	STEP_STAGE,
	STEP_COMMIT,
	STEP_ACTIVATE,
	STEP_REVERT, /* to the built-in certificate: the component's stores are cleared */
	STEP_VERIFY,
	STEP_ROLLBACK, /* planned when an earlier run could not finish it */
	STEP_RETIRE,
	STEP_KIND_COUNT
};

enum {
	NO_WAVE = -1
};

struct step {
	enum step_kind kind;
	const char *component;   /* NULL for steps without a component */
	const char *certificate; /* or the issuer's name, for issuer steps */
	const char *process;     /* of the component; NULL without one */
	const char *copy;        /* of a copy step: the name of the copy; else NULL */
	/* Fingerprint of the step's generation; NULL: this plan's own issue
	 * step makes it. */
	const char *generation;
	/* Commit: fingerprint it expects to replace; NULL: unknown, "":
	 * nothing.  Issue: newest generation so far; NULL: none. */
	const char *replaces;
	enum activation activation;
	int wave; /* index into waves, or NO_WAVE */
	/* when its role may be changed next, as seen at the plan's time; 0: it may then */
	int64_t waits_until;
	const char *reason;
	/* issue steps: the request, field by field; else empty */
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
	bool postponed; /* committed only; activated later */
};

enum severity {
	SEVERITY_BLOCK,
	SEVERITY_ACKNOWLEDGE,
	SEVERITY_INFO,
	SEVERITY_COUNT
};

/* What a precondition is about; a name alone may be several objects' name. */
enum precondition_about {
	ABOUT_FLEET,
	ABOUT_ROLE,
	ABOUT_ISSUER,
	ABOUT_CERTIFICATE,
	ABOUT_COMPONENT
};

struct precondition {
	const char *code;
	enum severity severity;
	enum precondition_about about; /* not in the JSON form */
	const char *component;         /* or certificate or issuer; "" for the fleet */
	const char *message;
	const char *remedy;
	bool acknowledged;
	const char *const *items; /* subjects one by one; mostly empty */
	size_t item_count;
};

/*
 * What a plan leaves as it is although it needs a change: a component, a
 * certificate that is neither issued nor imported, an issuer whose authority is
 * neither made nor published.
 */
struct left_out {
	const char *certificate; /* or the issuer's name */
	const char *component;   /* NULL: the certificate or issuer itself */
	const char *code;        /* of the precondition that takes it out */
	const char *cause;       /* subject of that precondition; "" for the fleet */
};

/* What the restart of a collector means for others. */
struct impact {
	const char *component;
	int wave;       /* of its activation */
	bool told;      /* the number of agents is known */
	int64_t agents; /* that lose data meanwhile */
};

/*
 * Choices on the command line; part of the plan.
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
	const char *const *use; /* CERTIFICATE@FINGERPRINT, @previous or @newest */
	size_t use_count;
	int64_t until;                  /* of the holds that `use` begins; 0: as usual */
	const char *const *handed_over; /* components and certificates that a person has imported */
	size_t handed_over_count;
	const char *from_backup;    /* bundle, as it was given; NULL: none */
	const char *ignore_windows; /* why windows and freezes do not count; NULL: they do */
	const char *over_limits;    /* why `limits` does not count; NULL: it does */
	bool restart_postponed;
};

/* A component that is not any more as a saved plan saw it. */
struct moved_component {
	const char *name;
	const char *why; /* "installed was ..., is ..." */
};

enum {
	PLAN_VALID_FOR = 72 * 3600, /* unless told otherwise */
	PLAN_VALID_MOST = 14 * 24 * 3600
};

/* An acknowledgement that holds until the desired pair of the component changes. */
struct acknowledgement {
	const char *component;
	const char *code;
	const char *fingerprint; /* of that pair; NULL: the plan's run makes it */
};

struct plan {
	struct arena arena;
	const char *fleet;
	int64_t at;
	int64_t valid_for; /* seconds from `at` in which it may be applied */
	const char *spec_digest;
	const char *lineage;
	int64_t serial;
	const char *maker; /* SHA-256 of the key of who signed it when it was saved; NULL */
	struct choices choices;
	/* components in scope, sorted; strings are copies */
	const struct component_seen *observed;
	size_t observed_count;
	/* first-contact, then block, acknowledge, info */
	const struct precondition *preconditions;
	size_t precondition_count;
	const struct step *steps;
	size_t step_count;
	/* issuers, certificates, components: each by name */
	const struct left_out *left_out;
	size_t left_out_count;
	/* not in the JSON form */
	bool run_left_out; /* all of it */
	bool moved;        /* components left it, since they moved after it was saved */
	const struct wave *waves;
	size_t wave_count;
	/* by component; not in a saved plan, as agents come and go */
	const struct impact *impact;
	size_t impact_count;
	size_t unchanged; /* components in scope that need no step */
	/* not in the JSON form, sorted: offline components that need a change and
	 * are left for later, as their role or the user accepts, and the contact
	 * list to record when the plan's run has completed */
	const char *const *deferred;
	size_t deferred_count;
	const char *const *reach;
	size_t reach_count;
	/* likewise, the contact list to record when it has not: what was approved is known
	 * from then on; empty: nothing new was */
	const char *const *reach_approved;
	size_t reach_approved_count;
	/* not in the JSON form, sorted: components whose pair a person has to hand over */
	const char *const *awaited;
	size_t awaited_count;
	/* not in the JSON form: acknowledgements that the plan's run records */
	const struct acknowledgement *remembered;
	size_t remembered_count;
	/* not in the JSON form: holds that the plan's run begins or ends */
	const struct hold *holds;
	size_t hold_count;
	/* not in the JSON form: names of copies whose failure is acknowledged */
	const char *const *accepted_copies;
	size_t accepted_copy_count;
	/* not in the JSON form: how much needs approvals, and whether the plan's run makes
	 * the rules of the fleet file those that count */
	size_t approval_count;
	bool approvals_change;
	/* not in the JSON form: keys of foreign CAs accepted now or before */
	const char *const *accepted;
	size_t accepted_count;
};

void plan_release(struct plan *p);
AUTO_STRUCT(plan, struct plan, plan_release)

/* Code of a precondition whose acknowledgement the activation checks. */
#define PLAN_PIDFILE_DOUBTFUL "pidfile-doubtful"
/* Likewise of one that says that an expired pair is to be installed. */
#define PLAN_EXPIRED_IN_BACKUP "expired-in-backup"

/* Names to look up. */
struct stepped {
	const char **names; /* sorted, each once */
	size_t count;
};
/* Sorts the names, in place, and drops those that repeat. */
struct stepped stepped_sorted(const char **names, size_t count);
/* Of the components with a step. */
struct stepped plan_stepped(const struct plan *p, struct arena *a);
/* Of those that wait for a window. */
struct stepped plan_waiting_components(const struct plan *p, struct arena *a);
/* Of the components that it leaves out. */
struct stepped plan_left_components(const struct plan *p, struct arena *a);
bool stepped_has(const struct stepped *s, const char *component);

/*
 * For people, preconditions that say the same of several subjects are one line:
 * how many of `count` do, from the first on; what the line says of them; and their
 * remedy, of several without a subject, since --ack CODE is for all.
 */
size_t preconditions_alike(const struct precondition *first, size_t count);
void preconditions_told(const struct precondition *first, size_t alike, struct buf *out);
void preconditions_remedy(const struct precondition *first, size_t alike, struct buf *out);
/* A remedy is shown once, after the last of the preconditions that share it. */
bool preconditions_end_remedy(const struct plan *p, size_t index);

/* Whether an issue step asks for what its certificate was issued with before. */
bool step_is_as_before(const struct step *s);

/* Code of what signers have to approve. */
#define PLAN_APPROVAL_MISSING "approval-missing"
/* Code of what is staged, and waits for a person. */
#define PLAN_AWAITING_HANDOFF "awaiting-handoff"
bool left_out_awaits(const struct left_out *l);
/* Code of what one run leaves to the next by `limits`. */
#define PLAN_OVER_LIMITS "over-limits"
/* How many components are. */
size_t plan_awaiting(const struct plan *p);

/*
 * How many components wait for a window, and when the first of these opens; by the steps,
 * or by what `waits_until` has for each (NULL).  0: none waits.
 */
size_t plan_waiting(const struct plan *p, const int64_t *waits_until, int64_t *next);

/* Whether the component has this precondition in the plan, acknowledged. */
bool plan_accepts(const struct plan *p, const char *code, const char *component);
/* Whether the run goes on when this copy fails. */
bool plan_accepts_copy(const struct plan *p, const char *copy);
/* Whether a precondition blocks; whether one is still to be acknowledged. */
bool plan_is_blocked(const struct plan *p);
bool plan_needs_acknowledgement(const struct plan *p);
/*
 * Exit status for what a plan leaves out: EXIT_STALE, EXIT_BLOCKED, EXIT_ASKS,
 * EXIT_AWAITS or EXIT_DONE.
 */
enum exit_status plan_waiting_status(const struct plan *p);

extern const char *const step_kind_names[STEP_KIND_COUNT + 1];
extern const char *const severity_names[SEVERITY_COUNT + 1];

#endif
