/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations shared by the files of engine/: the engine, a run, a batch of steps. */
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
struct backup_source;
struct copies;
struct drivers;
struct job;
struct secret_slot;

struct engine {
	struct arena arena;
	const struct fleet *fleet;
	struct state *state;         /* NULL: no state */
	const char *missing_lineage; /* recorded, of a state that is not here; NULL: none */
	struct drivers *drivers;
	struct copies *copies; /* NULL: none was contacted yet */
	bool apply;
	int beneath;   /* confined: directory fd that all reads stay in; -1: not confined */
	bool presumed; /* `state` is in memory: what a restore would make */
	bool unsealed; /* the state's keys can be read and written */
	event_fn *listen;
	void *listen_ctx;
	struct secret_slot *secrets;  /* resolved secrets */
	struct import_slot *imports;  /* as read by the last observation */
	struct backup_source *source; /* --from-backup; NULL: none */
	struct anchors *system;       /* trust store of this machine; NULL: not read yet */
};

/*
 * engine/read_scope.c: reads a file of the fleet; ERR_INPUT when confined and
 * the file lies outside the fleet file's directory.
 */
MUST_CHECK bool engine_read(const struct engine *en, const char *path, size_t limit,
			    struct secret *out, struct err *e);
/* Whether `path` is within read scope. */
bool engine_may_look(const struct engine *en, const char *path);
bool engine_is_confined(const struct engine *en);

struct copies *engine_copies(struct engine *en);
/* Makes the state's keys readable; resolves the passphrase only once. */
MUST_CHECK bool engine_unseal(struct engine *en, struct err *e);
/* The secret that the fleet file names for the seal, or names nothing for. */
MUST_CHECK bool engine_seal_secret(struct engine *en, struct seal_secret *out, struct err *e);
/* As engine_unseal() of a new state, whose keys get the seal that the fleet file names. */
MUST_CHECK bool engine_unseal_state(struct engine *en, struct state *s, struct err *e);
void engine_note(struct engine *en, const char *fmt, ...) PRINTF(2, 3);
void engine_forget_secrets(struct engine *en);
/* Whether foreign text has a secret that was read. */
bool engine_repeats_secret(const struct engine *en, const char *text);
void engine_forget_imports(struct engine *en);
void engine_forget_source(struct engine *en);

enum step_progress {
	PROGRESS_WAITING,
	PROGRESS_SUCCEEDED,
	PROGRESS_FAILED,
	PROGRESS_CUT_OFF, /* interrupted by a stop request; not a failure */
	PROGRESS_SKIPPED, /* a step it depends on did not succeed */
	PROGRESS_LEFT,    /* its certificate is abandoned; not a failure of its process */
	PROGRESS_ROLLED_BACK,
};

/* Generation issued, imported or found by this run. */
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
	/* by step: whether a component was changed, recorded or not */
	bool *changed;
	struct stepped processes; /* of the plan's steps, each once */
	bool *process_changed;    /* by entry of `processes` */
	VEC(struct made) made;
	/* by certificate of the fleet */
	bool *abandoned;                   /* staging failed: must not be committed */
	bool *uncommitted;                 /* all-first, and not committed everywhere */
	VEC(const char *) blocked;         /* processes blocked by `uncommitted`; sorted */
	VEC(const char *) spared;          /* those of a quorum that lacks one; sorted */
	struct component_seen *components; /* current knowledge; sorted by name */
	size_t component_count;
	/* by entry of `components`: executable of the process that this run
	 * activated; NULL: none, or unknown */
	const char **signalled;
	/* by entry of `components`: fingerprint that handshakes of this run have
	 * proven there; NULL: none */
	const char **verified;
	int64_t *activated_ms;            /* likewise, when its activation began; 0: it has not */
	unsigned *failed_processes;       /* by role of the fleet */
	bool *halted_roles;               /* likewise: no further step of its waves is started */
	size_t extra_steps;               /* rollbacks journalled so far */
	VEC(struct written_file) written; /* by this run, see engine/written.h */
	bool bundles_seen;                /* those of the pairs to stage were looked at */
	bool halted;                      /* no further step is started */
	/* by step, in the engine's arena: see plan_windows(); a window that opens during
	 * the run is for the next one */
	int64_t *waits_until;
	int64_t windows_end; /* when one that is open ends; 0: not looked at yet */
	struct apply_result result;
};

/* Steps of one kind that are executed together. */
struct step_batch {
	size_t *numbers;    /* indexes of the steps in the plan */
	struct err *errors; /* by step; code ERR_NONE: success */
	size_t count;
};

/*
 * Executes the steps of a batch; each fails on its own, in `errors`.  Must be
 * idempotent.
 */
typedef void step_fn(struct run *r, struct step_batch *b);

struct step_ops {
	step_fn *run;
};
extern const struct step_ops step_ops[STEP_KIND_COUNT];

step_fn step_create_issuer, step_publish, step_issue, step_import, step_export, step_backup,
	step_copy, step_stage, step_commit, step_activate, step_verify, step_revert, step_rollback,
	step_retire;

static inline const struct step *batch_step(const struct run *r, const struct step_batch *b,
					    size_t i)
{
	return &r->plan->steps[b->numbers[i]];
}

/* Sets `e` on every step of the batch that has no error yet. */
void batch_fail(struct step_batch *b, const struct err *e);
/*
 * Commits the results of a batch to the state.  When the commit fails, all
 * steps of the batch fail and no further step is started: a run that cannot be
 * recorded must not go on.
 */
void batch_record(struct run *r, struct step_batch *b, struct change *change);
/* Clears the error and the rejection of a generation that works on the component. */
void run_accept(struct run *r, struct component_seen *seen, const char *fingerprint);
/* Remembers that a generation is not to be installed there again unasked. */
void run_reject(struct run *r, struct component_seen *seen, const char *fingerprint);
void run_unreject(struct run *r, struct component_seen *seen, const char *fingerprint);
/* Makes `processes`. */
void run_index_processes(struct run *r);
/* Sets whether a step changed its component; once for each step. */
void run_set_changed(struct run *r, size_t number, bool changed);
/* Whether a component of the process was changed by this run, recorded or not. */
bool run_has_changed(const struct run *r, const char *process);
/* Component of a step in the fleet; never NULL for planned steps. */
const struct component *run_component(const struct run *r, const struct step *s);
struct component_seen *run_seen(struct run *r, const char *component);
/*
 * The pair that a commit replaces, where a roll back of it leads to: what stood there
 * before one that was to be taken back itself.  NULL: unknown.
 */
const char *run_replaced(const struct run *r, const struct step *s);
/*
 * Fingerprint of a step's generation, planned or made by this run; BUILTIN_PAIR where the
 * component's certificate is the product's.
 */
const char *run_fingerprint(const struct run *r, const struct step *s);
/* Number of the owner's next generation, counting this run's. */
unsigned run_next_number(const struct run *r, enum generation_of of, const char *owner);
/* Newest CA generation of an issuer, counting this run's; NULL: none. */
const struct generation *run_authority(const struct run *r, const char *issuer);
/* Generation with this fingerprint, of this run or known before; NULL: none. */
const struct generation *run_generation(struct run *r, const char *fingerprint);
/* The same with its certificates, in the run's arena. */
MUST_CHECK bool run_certificates(struct run *r, const char *fingerprint, struct generation *g,
				 struct cert_set *set, struct err *e);
/* Generation with the facts of a pair; strings copied into `a`. */
struct generation generation_of_pair(const struct pair *p, struct arena *a);

/*
 * engine/verify.c: handshakes until every port of each component presents
 * `expected` in `consecutive` completed handshakes in a row, or the role's
 * timeout ends.
 */
enum rigour {
	RIGOUR_FULL,   /* `consecutive` handshakes in a row */
	RIGOUR_ONCE,   /* one handshake with each port is enough, or too few */
	RIGOUR_DOUBTED /* three times `consecutive`: one in between was for another pair */
};

struct proof {
	const struct component *component;
	const char *expected;
	enum rigour rigour;
	bool finishes;      /* despite a stop: the process was changed */
	int64_t began_ms;   /* of the activation, on the monotonic clock; 0: now */
	struct err error;   /* code ERR_NONE: proven */
	const char *served; /* in the run's arena; NULL: unknown */
	const char *flaw;   /* as component_seen's `served_flaw` */
	int64_t not_after;  /* of the served leaf; 0: unknown */
};
void prove_served(struct run *r, struct proof *proofs, size_t count);
/*
 * Why no client accepts the generation on the component now; NULL: one does.  Of an open
 * chain the plan has said already whether it may be installed.  Text in `a`.
 */
const char *run_refusal(struct run *r, const struct component *c, const char *fingerprint,
			struct arena *a);
/*
 * Asks every port once more where this run has proven something.  One that answers
 * otherwise, as an old worker may for a while, is proven anew with more rigour, or its
 * proof is taken back.
 */
void verify_again(struct run *r);
/* Copies the result of the handshakes to the component's observation. */
void proof_observe(const struct proof *p, struct observation *seen);

/* engine/restore.c: of an item in a bundle; certificates in `a`. */
struct bundle_item;
MUST_CHECK bool bundle_certificates(const struct bundle *b, const struct bundle_item *item,
				    struct arena *a, struct cert_set *out, struct err *e);
/* What its record must say. */
struct generation bundle_generation(const struct bundle_item *item);

/*
 * engine/backup_source.c: the pair of a certificate in the bundle of --from-backup, for an
 * import step; `key` must be empty.
 */
MUST_CHECK bool import_from_backup(struct run *r, const struct certificate *c, struct made *made,
				   struct secret *key, struct err *e);

/*
 * engine/sequence.c: sequence numbers of signed orders.  sequence_begin()
 * reserves them in the state; an activation keeps the number of its stage.
 * sequence_fill() then sets them in the jobs.
 */
MUST_CHECK bool sequence_begin(struct run *r, const struct job *jobs, size_t count, struct err *e);
void sequence_fill(struct run *r, struct job *job);

/* engine/step_deliver.c: after a stop, what is staged and was not committed goes. */
void abort_stages(struct run *r);

/*
 * engine/step_deliver.c: sets what is known of the process that an activation
 * may signal.
 */
void process_fill(struct run *r, struct job *job);

/*
 * engine/step_backup.c: looks once at the bundles in which the pairs to stage are
 * recorded, and writes a new one when one of them is gone or damaged.
 */
MUST_CHECK bool bundles_confirm(struct run *r, struct err *e);

/*
 * engine/activations.c: what became of activations that outlived an earlier run.
 * An apply waits for them once it has the lock of the state, and records their outcomes
 * when its run begins: before, the serial must not move.  activations_observe() only
 * reads.
 */
MUST_CHECK bool activations_await(struct engine *en, struct err *e);
/* The same of those that run on the hosts of probed components, which are probed again. */
void activations_await_there(struct engine *en, struct job *jobs, size_t count);
MUST_CHECK bool activations_adopt(struct engine *en, struct err *e);
void activations_observe(struct engine *en, struct snapshot *s);
/* engine/observe_appmon.c: what an activation by the AppMon Server needs. */
void appmon_fill(struct run *r, struct job *job);
void appmon_remember(struct run *r);
/* The outcome of the job is recorded in the state. */
void activation_forget(const struct engine *en, const struct job *j);
/* As drivers_options.stopping; `ctx` is the engine. */
void engine_stopping(void *ctx, size_t running, int64_t until);

/* engine/run_precheck.c: everything that can be refused before anything changed. */
MUST_CHECK bool may_begin(struct run *r, struct err *e);

/*
 * engine/run_finish.c: records observations, deferred components, accepted
 * acknowledgements, contacts and the result of a run.
 */
void end_run(struct run *r);

/* engine/rollout.c: runs one wave under its role's restart policy. */
void run_wave(struct run *r, size_t first, size_t end);
/* Whether the process is left as it is, since another one of its quorum failed. */
bool run_is_spared(const struct run *r, const char *process);
/*
 * engine/rollback.c: reinstalls the previous pairs of `processes`, sorted, whether
 * this run committed the new ones or one that was interrupted; also of processes
 * that have no more than the commit of an all-first certificate of these.
 */
void roll_back(struct run *r, const char *const *processes, size_t count);
/* engine/apply.c: what waits for a window now does not begin. */
void run_look_at_windows(struct run *r);
/* engine/apply.c: runs the steps of one kind that are ready; skips the others. */
void run_batch(struct run *r, const size_t *numbers, size_t count);
/*
 * Takes back the success of the verification of a component, or of its roll back, that
 * a later handshake has disproved.
 */
void retract_proof(struct run *r, const struct component *c, const struct err *error);
/* Journals one rollback step and emits its event. */
void report_rollback(struct run *r, const struct component *c, const char *fingerprint,
		     const struct err *error);

#endif
