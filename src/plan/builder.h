/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plan builder: the decisions for each issuer, certificate, component and
 * process while a plan is made.  Internal to plan/.
 *
 * The arrays run parallel to those of the fleet, so that a name is looked up
 * once by binary search, live in `scratch` and die with the builder.  Every
 * text that reaches the plan is copied into the plan's own arena, once per
 * object it belongs to.
 */
#ifndef PLAN_BUILDER_H
#define PLAN_BUILDER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "model/plan.h"
#include "plan/codes.h"
#include "plan/planner.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Targets on the command line: T is a component or a group, role:NAME,
 * certificate:NAME (also every certificate that `per: component` made of it) or
 * issuer:NAME.  Internal to plan/.
 */

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
	bool used; /* matched at least one subject */
};

struct targets {
	struct plan_target *list; /* sorted */
	size_t count;
};

/* Subject that a target can match; absent properties are NULL. */
struct subject {
	const char *component;
	const char *role;
	const char *certificate;
	const char *issuer;
};

/* Parses a target; ERR_USAGE when the name after "role:" etc. is empty. */
MUST_CHECK bool target_parse(const char *text, struct plan_target *out, struct err *e);
/* "role:web", as the user would write it. */
const char *target_text(struct arena *a, const struct plan_target *t);

void targets_sort(struct targets *ts);
/* Whether a target covers `s`; marks every target that does as used. */
bool targets_cover(struct targets *ts, const struct subject *s);
/* First target that matched nothing; NULL: all matched. */
const struct plan_target *targets_unused(const struct targets *ts);

/* ---- builder (builder.c) ---- */

#define NO_STEP ((size_t)-1)

/* What takes a certificate or a component out of the plan. */
struct cause {
	enum code code;
	const char *name; /* subject of the precondition; "" for the fleet */
	bool accepted;    /* by the role, or acknowledged: nothing else waits for it */
};

/* What an issuer, a certificate, a component or the fleet reaches. */
struct contacts {
	bool are_new; /* some of it no completed run has reached */
	bool held;    /* these wait for approvals */
};

struct issuer_build {
	const struct issuer *issuer;
	/* CA generation that is kept; NULL: this plan makes a new one */
	const struct generation *authority;
	const struct generation *replaced; /* CA generation replaced by the new one; NULL: none */
	bool in_scope;
	bool publish;
	struct contacts contacts;
	const char *name;
	const struct cause *left; /* out of the plan; NULL: it is not */
	const char *reason;       /* why a new CA is made */
	const char *publish_reason;
	size_t step; /* create-issuer step */
};

enum certificate_job {
	CERTIFICATE_KEEP,
	CERTIFICATE_ISSUE,
	CERTIFICATE_IMPORT
};

struct certificate_build {
	const struct certificate *certificate;
	struct issuer_build *issuer; /* NULL: self, or an import */
	enum certificate_job job;
	bool in_scope;
	struct contacts contacts;
	bool reissue;
	const struct generation *held;      /* former generation in use; NULL: the newest */
	int64_t held_until;                 /* of `held` */
	bool hold_begins;                   /* by this plan's --use */
	bool absent;                        /* from the bundle of --from-backup */
	const struct generation *hold_ends; /* held until now; NULL: none */
	/* an import that cannot be read; an earlier generation, if any, stays in use */
	bool import_missing;      /* file or password are not there */
	const char *import_error; /* NULL: it can be read, or no more is known */
	const struct cause *left; /* out of the plan; NULL: it is not */
	bool unsaved;             /* the desired generation is in no verified bundle */
	bool staged;              /* staged on a component by this plan */
	bool several_hosts;
	bool here;                        /* some component that uses it is on this machine */
	bool remote;                      /* and some is not */
	const char *host;                 /* of the last one that uses it */
	const struct generation *kept;    /* NULL: this plan makes it */
	const struct generation *desired; /* kept or found; NULL: this plan issues it */
	const char *name;
	const char *fingerprint; /* desired; NULL: this plan issues it */
	const char *replaces;    /* newest generation so far; NULL: none */
	const char *request;     /* issue request; NULL: nothing is issued */
	const char *asked;       /* previous request; NULL: first issue */
	const char *chain;       /* hash of the chain; NULL: unknown */
	const char *reason;
	size_t last_stage;
	size_t export; /* its export step */
};

struct need {
	bool write;    /* stage and commit */
	bool activate; /* the process has to take the pair into use */
	bool verify;
	bool revert;   /* its stores are cleared, instead of write and activate */
	bool put_back; /* an interrupted roll back goes on, instead of all of these */
};

struct component_build {
	const struct component *component;
	const struct component_seen *seen; /* all zero: never observed */
	struct certificate_build *certificate;
	bool in_scope;
	struct contacts contacts;
	struct need wanted;       /* by what was seen of the component alone */
	const struct cause *left; /* out of the plan; NULL: it is not */
	/* steps of this plan */
	bool write;
	bool activate; /* the one activation of its process */
	bool verify;
	bool revert;
	bool put_back;
	bool awaits;      /* a person has to hand its pair over first */
	bool handed;      /* its pair is staged already, or a person has handed it over */
	const char *held; /* component that it waits for, since that awaits a person; it is
			     staged, and no more; NULL */
	bool postponed;   /* needs an activation, which is postponed */
	bool unreachable; /* needs a step, but is offline */
	bool not_running; /* there is no process, which would have been activated */
	const char *name;
	const char *process;
	struct process_build *runs_in;
	const char *reason;
	size_t stage;
	size_t commit; /* or revert */
};

struct process_build {
	const char *name;
	struct component_build **members; /* by name */
	size_t member_count;
	const struct role *role;           /* of its first member */
	bool online;                       /* at least one of its members */
	bool down;                         /* serves nothing now, or failed in an earlier run */
	bool quorum_told;                  /* that another one of its quorum is down */
	struct component_build *activator; /* NULL: no activation */
};

struct wave_build {
	struct process_build **processes;
	size_t process_count;
};

/* A precondition that blocks or asks, and the unit that it takes out. */
struct trouble {
	const struct cause *cause;
	enum scope_unit unit;
	struct subject subject;
};

struct contact_list; /* plan/contact_list.h */

struct plan_builder {
	const struct plan_input *in;
	const struct fleet *fleet;
	const struct snapshot *snapshot;
	struct arena scratch;
	struct arena *kept; /* the plan's arena */
	struct issuer_build *issuers;
	struct certificate_build *certificates;
	struct component_build *components;
	struct component_build **members; /* by process, then name */
	struct process_build *processes;
	size_t process_count;
	VEC(const struct component_seen *) removed; /* to retire, by name */
	const struct cause *retirements_left;       /* NULL: they are carried out */
	const struct cause *run_left;               /* out is all; NULL: it is not */
	struct contacts contacts;                   /* of the fleet itself */
	struct contacts left;                       /* what the fleet file does without now */
	struct contact_list *reach;                 /* all of them */
	struct contacts notify;                     /* of its notifications */
	size_t approval_count;                      /* preconditions of approvals */
	bool rules_held;                            /* other rules wait for approvals */
	size_t known_count;                         /* components known to the state */
	VEC(struct wave_build) wave_builds;         /* parallel to waves */
	VEC(struct wave) waves;
	VEC(struct step) steps;
	VEC(struct precondition) preconditions;
	VEC(struct trouble) troubles; /* of preconditions that block or ask */
	VEC(struct left_out) left_out;
	VEC(struct acknowledgement) remembered; /* given now, and not recorded yet */
	VEC(const char *) accepted_copies;      /* by name: their failure is acknowledged */
	struct targets handed_over;             /* --handed-over; bare names, of certificates too */
	struct targets acks[CODE_COUNT];
	struct targets standing[CODE_COUNT]; /* `acknowledge` of the fleet file */
};

void builder_init(struct plan_builder *d, const struct plan_input *in, struct arena *kept);
void builder_release(struct plan_builder *d);
AUTO_STRUCT(plan_builder, struct plan_builder, builder_release)

/* A copy in the plan's arena; NULL stays NULL. */
const char *builder_keep(struct plan_builder *d, const char *text);
/* The short form of a fingerprint, for people, in the plan's arena. */
const char *builder_short(struct plan_builder *d, const char *fingerprint);
struct issuer_build *builder_issuer(struct plan_builder *d, const char *name);
struct certificate_build *builder_certificate(struct plan_builder *d, const char *name);
struct component_build *builder_component(struct plan_builder *d, const char *name);

/* Target and ack subject of a component or a certificate. */
struct subject component_subject(const struct component *c);
struct subject certificate_subject(const struct certificate *c);

/* ---- contact list (contact.c) ---- */

/*
 * Contact list of a fleet file: hosts and sockets that receive keys, secrets
 * that are read, commands that are run, processes that are signalled, URLs that
 * are requested, paths that are written.  Internal to plan/.
 *
 * One text each, "KIND SUBJECT", with paths inside the fleet file's directory
 * relative to it, so that the location of a checkout does not matter.  A
 * completed run leaves the list in the state.  Contacts that a later plan adds
 * are its first preconditions (`first-contact`), because the reviewer of a
 * change has to see them.
 */

/* Adds a precondition for contacts the last completed run did not have. */
void contact_plan(struct plan_builder *d);
/*
 * Sets the list that the plan's own run will leave when it completes: contacts in scope,
 * and those already known; and the one that it leaves else.
 */
void contact_remember(struct plan_builder *d, struct plan *p);

/* ---- step order (step_order.c) ---- */

/*
 * Steps in an order in which they may be executed one by one: new CAs and their
 * publication, certificates, one backup, all stages, the all-first commits, the
 * waves, and retired components.  Internal to plan/.
 *
 * A step names the few earlier steps it has to wait for.  A wave waits for the
 * last step of the previous wave, which stands for all of that wave.
 */

void schedule_steps(struct plan_builder *d);
/* Whether a bundle is to be written, if nothing is left out. */
bool schedule_wants_backup(struct plan_builder *d);

/* ---- windows (windows.c) ---- */

/*
 * Steps that wait for a window of their role or for the end of a freeze.  Internal to
 * plan/.
 *
 * They stay in the plan, so that what was reviewed by day is what a saved plan does by
 * night: it is the run that leaves out what is not open (engine/rollout.c), by the same
 * rules.  What waits is as wanted until what it serves is about to end.
 */

/* Marks the steps, once they are in their order, and adds what there is to say of it. */
void windows_mark(struct plan_builder *d);

/* ---- limits (limits.c) ---- */

/*
 * What one run leaves to the next, since `limits` of the fleet file allows no more.
 * Internal to plan/.
 *
 * What changes together, the components of one process and those of an all-first
 * certificate, is taken or left together.  First come those that may be changed now, then
 * by the end of what they serve; a role before those that come after it.  What is left is
 * out of the plan like what a precondition takes out, with what depends on it; of a
 * certificate whose components are all left, none is issued.
 */

/* After all else that is left out is known. */
void limits_apply(struct plan_builder *d);

#endif
