/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes it so.  Owns the state, the secrets and the way to the components;
 * knows nothing of terminals: what happens is told as events.
 *
 *	engine_open      the state, read only or locked for an apply
 *	engine_observe   state + imports + components + TLS ports -> snapshot
 *	engine_apply     a plan -> journal, state, components
 *	engine_close     lets go of the lock, wipes the secrets
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/arena.h"
#include "base/err.h"
#include "model/plan.h"
#include "model/snapshot.h"
#include "state/journal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_kind {
	EVENT_RUN_STARTED,
	EVENT_STEP_STARTED,
	EVENT_STEP_ENDED,
	EVENT_NOTE, /* something worth a line that is no step */
	EVENT_RUN_ENDED,
	EVENT_KIND_COUNT
};

struct event {
	enum event_kind kind;
	int64_t at; /* UTC seconds */
	unsigned run;
	/* steps: its place in the plan from 1; 0 for a rollback */
	const struct step *step;
	size_t number;
	size_t total;
	const char *generation; /* the fingerprint it worked with; NULL */
	enum step_outcome outcome;
	const char *text; /* a step's error, a note; NULL */
	int exit_status;  /* run ended */
};

typedef void event_fn(void *ctx, const struct event *event);

struct engine_options {
	const struct fleet *fleet;
	bool apply;           /* create what is missing, and lock the state */
	bool confined;        /* read only beneath the fleet file's directory */
	const char *holder;   /* who, for the lock; with apply */
	int64_t lock_wait_ms; /* with apply */
	event_fn *listen;     /* may be NULL */
	void *listen_ctx;
};

struct engine;

/*
 * Without `apply` a missing state is no error and nothing is written.
 * ERR_BUSY names who holds the lock.
 *
 * Confined it is for a fleet file that nobody has reviewed: it reads nothing
 * that lies elsewhere, resolves no secret, starts no child and contacts
 * nobody.  A state that lies elsewhere counts as none; an import is known by
 * the hash of its file alone; a published file that lies elsewhere is taken
 * to be as it was left, and a component that was never seen to be there.
 */
MUST_CHECK bool engine_open(const struct engine_options *o, struct engine **out, struct err *e);
void engine_close(struct engine *en);
/*
 * The secrets that `from` has resolved become those of `en`, of the same
 * fleet: what came from the environment can be taken from there only once.
 * So do the imports that it has read.
 */
void engine_take_secrets(struct engine *en, struct engine *from);
AUTO_TYPE(engine, struct engine *, engine_close)

/* NULL while there is no state. */
struct state *engine_state(struct engine *en);

/*
 * `offline`, as it always is when confined, contacts nothing and takes the
 * last observations.  Imports are read and linted either way, unless
 * confined.  `out` must be empty.
 */
MUST_CHECK bool engine_observe(struct engine *en, bool offline, int64_t now, struct snapshot *out,
			       struct err *e);

/*
 * SHA-256 over the canonical fleet text and each import's leaf fingerprint.
 */
const char *engine_spec_digest(const char *canonical, const struct snapshot *s, struct arena *a);

/*
 * Of an apply, also when nothing is to do: the passphrases of state and
 * backups can be had and open what was made with them, so that a wrong one is
 * noticed at once.  A state that does not open is ERR_INPUT.  `outdated`: a
 * recorded bundle does not open with every passphrase of today, so that
 * engine_apply() has to write a new one.
 */
MUST_CHECK bool engine_check_passphrases(struct engine *en, const struct snapshot *s,
					 bool *outdated, struct err *e);

/* One plan to carry out. */
struct apply_order {
	const struct plan *plan;
	const struct snapshot *snapshot; /* the plan was made from */
	const char *plan_json;           /* for the journal */
	const char *plan_hash;           /* plan_hash() of what was consented */
	bool new_bundle;                 /* even without a step for it, before all others */
};

struct apply_result {
	int exit_status; /* enum exit_status */
	unsigned run;
	size_t done;
	size_t failed;
	size_t rolled_back;
	size_t rejected; /* components whose new pair was taken back, also when
			    the old one did not come back into use */
	size_t not_started;
};

/*
 * Runs the plan to its end or to the failure that stops it.  False only when
 * it could not begin (nothing changed); afterwards failures are in `result`
 * and were told as events.
 */
MUST_CHECK bool engine_apply(struct engine *en, const struct apply_order *order,
			     struct apply_result *result, struct err *e);

#endif
