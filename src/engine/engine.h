/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine: brings the fleet to its desired state.  Owns the state, the secrets
 * and the drivers; knows nothing of terminals: progress is reported as events.
 *
 *	engine_open      the state, read only or locked for an apply
 *	engine_observe   state + imports + components + TLS ports -> snapshot
 *	engine_apply     a plan -> journal, state, components
 *	engine_close     releases the lock, wipes the secrets
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/arena.h"
#include "base/err.h"
#include "model/plan.h"
#include "model/snapshot.h"
#include "state/journal.h"
#include "state/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_kind {
	EVENT_RUN_STARTED,
	EVENT_STEP_STARTED,
	EVENT_STEP_ENDED,
	EVENT_NOTE, /* a message that belongs to no step */
	EVENT_RUN_ENDED,
	EVENT_NOTIFIED, /* a target was told, or not */
	EVENT_KIND_COUNT
};

struct event {
	enum event_kind kind;
	int64_t at; /* UTC seconds */
	unsigned run;
	/* step events: `number` is the position in the plan from 1; 0 for a rollback */
	const struct step *step;
	size_t number;
	size_t total;
	const char *generation; /* fingerprint of the step's generation; NULL */
	enum step_outcome outcome;
	const char *target;         /* notified */
	const char *text;           /* a step's error, a note, why a target was not told; NULL */
	int exit_status;            /* run ended */
	const int64_t *waits_until; /* likewise, as in struct apply_result */
};

typedef void event_fn(void *ctx, const struct event *event);

struct engine_options {
	const struct fleet *fleet;
	bool apply;           /* create what is missing, and lock the state */
	bool confined;        /* read only beneath the fleet file's directory */
	bool stateless;       /* leave the state alone: there is none, or it is replaced */
	const char *holder;   /* lock holder's name, with apply */
	int64_t lock_wait_ms; /* with apply */
	event_fn *listen;     /* may be NULL */
	void *listen_ctx;
};

struct bundle;
struct engine;

/*
 * Without `apply`, a missing state is no error and nothing is written.
 * ERR_BUSY names the holder of the lock.
 *
 * A confined engine, for a fleet file that has not been reviewed, reads nothing
 * outside the fleet file's directory, resolves no secret, starts no child
 * process and contacts no host.  A state elsewhere counts as none; an import is
 * identified by the hash of its files alone; a published file elsewhere counts
 * as unchanged, and a component that was never observed as online.
 */
MUST_CHECK bool engine_open(const struct engine_options *o, struct engine **out, struct err *e);
void engine_close(struct engine *en);
/*
 * Moves the resolved secrets, the imports read and the bundle of --from-backup from
 * `from` to `en`, an engine of the same fleet: a secret in the environment can be read
 * only once.
 */
void engine_take_secrets(struct engine *en, struct engine *from);
AUTO_TYPE(engine, struct engine *, engine_close)

/*
 * Makes the newest generations of a verified bundle, which the engine takes over, the
 * desired ones (--from-backup); `name` as the user gave it.
 */
void engine_from_backup(struct engine *en, struct bundle *taken, const char *name);
/*
 * With a bundle taken over and no state: plans as if it were restored.  Nothing is
 * written, and engine_state() stays NULL.
 */
MUST_CHECK bool engine_presume_backup(struct engine *en, struct err *e);
/* Restores it; the engine has to be opened again.  `holder` is the text of the locks. */
MUST_CHECK bool engine_restore_backup(struct engine *en, const char *holder, struct err *e);

/* NULL while there is no state. */
struct state *engine_state(struct engine *en);

/*
 * Observation of the fleet.  `offline`, implied when confined, contacts no
 * component and uses the last observations.  Imports are read and checked
 * either way, unless confined.  `out` must be empty.  ERR_STOPPED: a stop was asked
 * for, and what was seen is not all.
 */
MUST_CHECK bool engine_observe(struct engine *en, bool offline, int64_t now, struct snapshot *out,
			       struct err *e);

/*
 * Asks the copies of bundles for which the plan has steps whether they take one.
 * `failed`: one does not, which is in the snapshot then: the plan is to be made anew.
 */
MUST_CHECK bool engine_probe_copies(struct engine *en, const struct plan *p, struct snapshot *s,
				    bool *failed, struct err *e);

/*
 * SHA-256 over the canonical fleet text, each import's leaf fingerprint and the
 * trust files.
 */
const char *engine_spec_digest(const char *canonical, const struct snapshot *s, struct arena *a);

/*
 * Passphrase check of every apply, also when nothing is to do: the passphrases
 * of state and backups are available and open what was made with them, so that
 * a wrong one is noticed at once.  A state that does not open is ERR_INPUT.
 * `outdated`: a recorded bundle does not open with every passphrase of today,
 * so engine_apply() has to write a new one.
 */
MUST_CHECK bool engine_check_passphrases(struct engine *en, const struct snapshot *s,
					 bool *outdated, struct err *e);

/*
 * Whether the fleet file says openly that keys are kept in the clear, of a state that is
 * sealed: ERR_INPUT, as every apply refuses it.
 */
MUST_CHECK bool engine_check_seal(struct engine *en, struct err *e);

/*
 * Opens the state, locked, with the secret `old`, which outlives the engine, and seals all its keys
 * anew under the one that the fleet file names.  ERR_INPUT for a secret that does not fit or cannot
 * be had.
 */
struct secret_ref;
MUST_CHECK bool engine_reseal(struct engine *en, const struct secret_ref *old, struct err *e);

/*
 * engine/check_history.c: checks the chain of the history of the state, which is open, and
 * that the bundles in the backup directory know the same lines.  Their manifests are not
 * authenticated: `backup verify` does that.  False only when nothing can be said.
 */
struct history_report {
	struct flaw_list flaws; /* `records`: lines that are proven */
	size_t bundles;         /* that know a line */
};
MUST_CHECK bool engine_check_history(struct engine *en, struct arena *a, struct history_report *out,
				     struct err *e);

/*
 * engine/observe_approvals.c: the rules of approval of the fleet file, whose keys it reads;
 * NULL: it has none.  ERR_INPUT for a key that cannot be read.
 */
struct approval_rules;
MUST_CHECK bool engine_approvals_asked(struct engine *en, struct arena *a,
				       const struct approval_rules **out, struct err *e);
/*
 * The keys of the signers as far as they are there, for who checks the fleet file alone:
 * ERR_INPUT, with the position, for one that is of another kind.
 */
MUST_CHECK bool engine_check_approvals(struct engine *en, struct err *e);

/* Result of engine_check_state(). */
struct state_report {
	struct flaw_list flaws;
	size_t keys; /* that were opened */
	/* why the keys were not opened; NULL: they were */
	const char *unopened;
};

/*
 * engine/check_state.c: checks the state, which is open, as state_check_all() does, and
 * that each certificate is the recorded one and each key opens and fits it.
 * `passphrase` opens the seal; SECRET_NONE: what the fleet file names.  Strings in `a`.
 * False only when nothing can be said.
 */
MUST_CHECK bool engine_check_state(struct engine *en, const struct secret_ref *passphrase,
				   struct arena *a, struct state_report *out, struct err *e);

/*
 * Brings certfleet.lineage up to date where there is no run that does.  A directory that
 * cannot be written is reported, and is no error.
 */
void engine_record_lineage(struct engine *en);

/*
 * What the state remembers, and nothing else: no import, component or bundle is looked at.
 * `out` must be empty.
 */
MUST_CHECK bool engine_recall(struct engine *en, int64_t now, struct snapshot *out, struct err *e);

/* A plan to execute. */
struct apply_order {
	const struct plan *plan;
	const struct snapshot *snapshot;  /* snapshot the plan was made from */
	const char *plan_json;            /* for the journal */
	const char *plan_hash;            /* plan_hash() of the plan the user agreed to */
	const struct approval *approvals; /* of the saved plan */
	size_t approval_count;
	const char *reason; /* why it needs none; NULL */
	bool new_bundle;    /* write a bundle first, even without a backup step */
};

struct apply_result {
	int exit_status; /* enum exit_status */
	unsigned run;
	size_t done;
	size_t failed;
	size_t rolled_back; /* with a proof, where their process was touched */
	size_t rejected;    /* components that rejected the new pair, rolled back or not */
	size_t not_started;
	/* by step of the plan, in the engine's arena: when what waited for a window may be
	 * done; 0: it did not wait */
	const int64_t *waits_until;
	/* bundle with what was issued and the state could not take, in the engine's
	 * arena; NULL: none */
	const char *recovery;
};

/*
 * Runs the plan to its end or to the failure that stops it.  False only when
 * the run could not begin (nothing changed); later failures are in `result` and
 * were reported as events.
 */
MUST_CHECK bool engine_apply(struct engine *en, const struct apply_order *order,
			     struct apply_result *result, struct err *e);

/*
 * engine/notify_targets.c: tells the targets of the fleet file what a notice says, and
 * emits an event for each.  Nothing here is fatal.  Of a run, the history has who was told.
 * Without approval a target that is new waits where the rules of the state ask for approvals
 * of contacts.
 */
struct notify_order {
	const struct notice *notice;
	unsigned outcomes; /* a bit for each enum notify_outcome that holds */
	bool everybody;    /* whatever outcomes a target asks for */
	unsigned run;      /* 0: there was none */
	bool approved;
};
/* How many targets could not be told. */
size_t engine_notify(struct engine *en, const struct notify_order *order);

/* Who runs this: user@host, in `a`. */
const char *engine_who(struct arena *a);

#endif
