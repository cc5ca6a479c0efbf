/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan in the making: for each issuer, certificate, component and process
 * what was decided about it.  Internal to plan/.
 *
 * The arrays run parallel to those of the fleet, so that a name is looked up
 * once by binary search.  They live in `scratch` and die with the draft;
 * every text that reaches the plan is copied into the plan's own arena, once
 * per thing it belongs to.
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
 * What users point at: T is a component or a group, role:NAME,
 * certificate:NAME (also all that `per: component` made of it) or
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

/* ---- plan/builder.c ---- */

#define NO_STEP ((size_t)-1)

struct issuer_build {
	const struct issuer *issuer;
	/* the authority that stays; NULL: this plan makes a new one */
	const struct generation *authority;
	const struct generation *replaced; /* by the new one; NULL: the first */
	bool in_scope;
	bool publish;
	const char *name;
	const char *reason; /* why there is a new one */
	const char *publish_reason;
	size_t step; /* that creates it */
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
	bool reissue;
	bool import_missing; /* an earlier generation serves instead */
	bool unsaved;        /* what is desired is in no verified bundle */
	bool staged;         /* some component gets it in this plan */
	bool several_hosts;
	bool here;                        /* some component that uses it is on this machine */
	bool remote;                      /* and some is not */
	const char *host;                 /* of the last one that uses it */
	const struct generation *kept;    /* NULL: this plan makes it */
	const struct generation *desired; /* kept or found; NULL: this plan issues it */
	const char *name;
	const char *fingerprint; /* desired; NULL: this plan issues it */
	const char *replaces;    /* the newest so far; NULL: there is none */
	const char *request;     /* what is issued; NULL: nothing is */
	const char *asked;       /* the request before; NULL: the first */
	const char *chain;       /* its chain's hash; NULL: unknown */
	const char *reason;
	size_t last_stage;
};

struct component_build {
	const struct component *component;
	const struct component_seen *seen; /* all zero: never seen */
	struct certificate_build *certificate;
	bool in_scope;
	bool write;    /* stage and commit */
	bool activate; /* its process has to take the pair into use */
	bool verify;
	bool postponed;   /* committed, or waiting, but not activated */
	bool unreachable; /* needs a step, but is offline */
	const char *name;
	const char *process;
	const char *reason;
	size_t stage;
	size_t commit;
};

struct process_build {
	const char *name;
	struct component_build **members; /* by name */
	size_t member_count;
	const struct role *role;           /* of its first member */
	bool online;                       /* at least one of its members */
	struct component_build *activator; /* NULL: no activation */
};

struct wave_build {
	struct process_build **processes;
	size_t process_count;
};

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
	size_t known_count;                         /* components that the state remembers */
	VEC(struct wave_build) wave_builds;         /* parallel to waves */
	VEC(struct wave) waves;
	VEC(struct step) steps;
	VEC(struct precondition) preconditions;
	struct targets acks[CODE_COUNT];
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

/* Who a component, or a certificate, is, for targets and acks. */
struct subject component_subject(const struct component *c);
struct subject certificate_subject(const struct certificate *c);

/* ---- plan/contact.c ---- */

/*
 * What a fleet file reaches beyond itself: hosts and sockets that get keys,
 * secrets that are read, commands that are run, processes that are signalled,
 * URLs that are asked, paths that are written.  Internal to plan/.
 *
 * One text each, "KIND WHAT", with paths beneath the fleet file's directory
 * relative to it, so that the place of a checkout does not matter.  A run
 * that completed leaves the list in the state; what a later plan adds to it
 * is told first of all (`first-contact`), because whoever reviews a change has
 * to see it.
 */

/*
 * Tells what the last completed run did not have, and sets what the plan's
 * own run will have: what is in scope, and the rest as far as it was known.
 */
void contact_plan(struct plan_builder *d, struct plan *p);

/* ---- plan/schedule.c ---- */

/*
 * The steps, in an order in which they may be executed one by one: new
 * authorities and where they are published, certificates, one backup, all
 * stages, the commits that come first, the waves, and what is forgotten.
 * Internal to plan/.
 *
 * A step names the few earlier steps it has to wait for.  A wave waits for
 * the last step of the one before it, which stands for all of that wave.
 */

void schedule_steps(struct plan_builder *d);

#endif
