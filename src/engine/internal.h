/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of engine/ share: the engine, a run, a batch of steps. */
#ifndef ENGINE_INTERNAL_H
#define ENGINE_INTERNAL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/vec.h"
#include "engine/engine.h"
#include "model/certs.h"
#include "pki/pair.h"
#include "state/journal.h"
#include "state/state.h"

struct anchors;
struct drivers;
struct secret_slot;

struct engine {
	struct arena arena;
	const struct fleet *fleet;
	struct state *state; /* NULL: there is none */
	struct drivers *drivers;
	bool apply;
	int beneath;   /* all that is read lies in here; -1: or anywhere */
	bool unsealed; /* the state's keys can be read and written */
	event_fn *listen;
	void *listen_ctx;
	struct secret_slot *secrets; /* resolved ones */
	struct import_slot *imports; /* as the last observation read them */
	struct anchors *system;      /* that this machine trusts; NULL: not read yet */
};

/* engine/read_scope.c: a file of the fleet's, as far as we are confined to.
 * ERR_INPUT when it lies elsewhere. */
MUST_CHECK bool engine_read(const struct engine *en, const char *path, size_t limit,
			    struct secret *out, struct err *e);
/* Whether this path may be looked at. */
bool engine_may_look(const struct engine *en, const char *path);
bool engine_is_confined(const struct engine *en);

/* Makes the state's keys readable; asks for the passphrase only once. */
MUST_CHECK bool engine_unseal(struct engine *en, struct err *e);
void engine_note(struct engine *en, const char *fmt, ...) PRINTF(2, 3);
void engine_forget_secrets(struct engine *en);
void engine_forget_imports(struct engine *en);

enum step_progress {
	STEP_WAITING,
	STEP_SUCCEEDED,
	STEP_BROKE,
	STEP_CUT_OFF,  /* by a stop; nobody's failure */
	STEP_LEFT_OUT, /* what it needs did not happen */
	STEP_TAKEN_BACK,
};

/* A generation this run made or imported. */
struct made {
	const char *owner; /* certificate, or issuer for OF_ISSUER */
	struct generation generation;
	struct cert_set set;
};

/* One run of a plan. */
struct run {
	struct engine *en;
	const struct apply_order *order;
	const struct plan *plan;
	struct arena arena;
	struct run_record record;
	enum step_progress *progress; /* by step */
	int64_t *started;             /* by step */
	/* by step: a component was changed by it, be it recorded or not */
	bool *deed;
	VEC(struct made) made;
	/* by certificate of the fleet */
	bool *abandoned;                   /* must not be committed */
	bool *uncommitted;                 /* all-first, but not all of it is */
	VEC(const char *) held;            /* processes that must wait for those; sorted */
	struct component_seen *components; /* as now known; sorted by name */
	size_t component_count;
	/* by component of those: executable of the process that this run told;
	 * NULL: it told none, or it is not known here */
	const char **told;
	unsigned *failed_processes; /* by role of the fleet */
	size_t extra_steps;         /* rollbacks journalled so far */
	bool halted;                /* nothing new is started */
	struct apply_result result;
};

/* Steps of one kind that are carried out together. */
struct step_batch {
	size_t *numbers;    /* indexes of the steps in the plan */
	struct err *errors; /* code ERR_NONE: it worked */
	size_t count;
};

/*
 * Carries out the steps of a batch; each fails on its own, in `errors`.
 * Leaves the same result however often it is repeated.
 */
typedef void step_fn(struct run *r, struct step_batch *b);

struct step_ops {
	step_fn *run;
};
extern const struct step_ops step_ops[STEP_KIND_COUNT];

step_fn step_create_issuer, step_publish, step_issue, step_import, step_backup, step_stage,
	step_commit, step_activate, step_verify, step_retire;

static inline const struct step *batch_step(const struct run *r, const struct step_batch *b,
					    size_t i)
{
	return &r->plan->steps[b->numbers[i]];
}

/* Sets the same error on every step of the batch that has none. */
void batch_fail(struct step_batch *b, const struct err *e);
/*
 * Commits what a batch has done.  When that fails so does all of the batch,
 * and nothing new is started: what cannot be recorded must not go on.
 */
void batch_record(struct run *r, struct step_batch *b, struct change *change);
/* This generation did well on the component: nothing stands against it. */
void run_accept(struct run *r, struct component_seen *seen, const char *fingerprint);
/* The component of a step in the fleet; never NULL for planned steps. */
const struct component *run_component(const struct run *r, const struct step *s);
struct component_seen *run_seen(struct run *r, const char *component);
/* The fingerprint a step works with, be it planned or made by this run. */
const char *run_fingerprint(const struct run *r, const struct step *s);
/* The number its next generation gets, this run's included. */
unsigned run_next_number(const struct run *r, enum generation_of of, const char *owner);
/* The newest authority of an issuer, this run's included; NULL: none. */
const struct generation *run_authority(const struct run *r, const char *issuer);
/*
 * Public half of the generation with this fingerprint, from this run or the
 * state, in the run's arena.
 */
MUST_CHECK bool run_certificates(struct run *r, const char *fingerprint, struct generation *g,
				 struct cert_set *set, struct err *e);
/* `from` without its arena: strings copied into `a`. */
struct generation generation_of_pair(const struct pair *p, struct arena *a);

/*
 * engine/verify.c: until each component's ports present `expected` in
 * `consecutive` completed handshakes in a row, or its role's timeout ends.
 */
/*
 * How a component is reached, as JSON text for the state, and back (for
 * `retire: {remove: true}`, when it has left the fleet file).
 */
const char *deliver_to_text(const struct deliver *d, struct arena *a);
MUST_CHECK bool deliver_from_text(const char *text, struct arena *a, struct deliver *out,
				  struct err *e);

struct proof {
	const struct component *component;
	const char *expected;
	struct err error;   /* ERR_NONE: proven */
	const char *served; /* in the run's arena; NULL: unknown */
	const char *flaw;   /* as component_seen's `served_flaw` */
	int64_t not_after;  /* of what is served; 0: unknown */
};
void prove_served(struct run *r, struct proof *proofs, size_t count);
/* What the handshakes showed becomes what is known of the component. */
void proof_seen(const struct proof *p, struct component_seen *seen);

/*
 * engine/sequence.c: numbers for the orders that these jobs will be, in the
 * state; an activation has the number of what it was staged with.  Then the
 * jobs are filled with them.
 */
struct job;
MUST_CHECK bool sequence_begin(struct run *r, const struct job *jobs, size_t count, struct err *e);
void sequence_fill(struct run *r, struct job *job);

/*
 * engine/step_deliver.c: what is known of the process that an activation may
 * tell.
 */
void process_fill(struct run *r, struct job *job);

/* engine/run.c: carries `was:` over into the state; nothing to do is fine. */
MUST_CHECK bool adopt_renames(struct run *r, struct err *e);

/* engine/run_precheck.c: everything that can be refused before anything changed. */
MUST_CHECK bool may_begin(struct run *r, struct err *e);

/* engine/run_finish.c: what it saw, what it left, what it reached; `result` says how
 * it ended. */
void end_run(struct run *r);

/* engine/rollout.c: one wave, judged by its role's restart policy. */
void run_wave(struct run *r, size_t first, size_t end);
/* engine/rollback.c: puts back what these processes had; sorted. */
void roll_back(struct run *r, const char *const *processes, size_t count);
/* engine/apply.c: runs what can be run of a set of steps of one kind. */
void run_batch(struct run *r, const size_t *numbers, size_t count);
/* Journals and tells of one rollback step. */
void tell_rollback(struct run *r, const struct component *c, const char *fingerprint,
		   const struct err *error);

#endif
