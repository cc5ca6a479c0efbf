/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of certfleet: typed records over a backend.
 *
 *	meta                      fleet, lineage, serial, seal
 *	generation/c|i/OWNER/N    one generation, public (N with 6 digits)
 *	certs/c|i/OWNER/N         its certificates
 *	key/SPKI                  its private key, sealed
 *	component/NAME            deliveries, due activation, rejected generations
 *	observation/NAME          last observation of the component
 *	reach/N                   contact list of the last completed run
 *	approvals                 rules of approval of the last completed run
 *	accepted                  keys of accepted foreign CAs
 *	copied                    copies of bundles
 *	run/N, step/N/M, plan/N/M the journal (state/journal.h)
 *	bundle/NAME               bundles read back (state/bundle_records.h)
 *	written/PATH              files for people (state/written_records.h)
 *	invite/ID, agent/NAME/N   enrolment (state/enrolment_records.h)
 *
 * Names in keys are percent-encoded.  Every write of an apply goes through
 * state_commit(), which raises the serial in the same transaction, and only if
 * no other process did; observations are written without.
 *
 * Life cycle: state_open() to read; with `create` for an apply, which also
 * takes the lock.  state_unseal() once the passphrase is known, before the
 * first key.  Strings that are read live in the caller's arena.  A state opened
 * for reading is a copy made on opening.
 */
#ifndef STATE_STATE_H
#define STATE_STATE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/vec.h"
#include "model/approval.h"
#include "model/certs.h"
#include "model/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state;

/* What helps when a state is damaged. */
#define STATE_REMEDY                                                                        \
	"move it away and bring it back with 'certfleet backup restore latest', or from a " \
	"copy of the state directory"

/* Newest closed line of the history (state/journal.h), by its hash; `run` 0: none. */
struct history_head {
	unsigned run;
	const char *sha256;
};

/* Where a rebuilt state comes from. */
struct state_origin {
	unsigned run;     /* newest of the state that was lost; 0: none is known */
	const char *copy; /* file name of the bundle, or "exported state" */
	const char *who;  /* user@host */
	int64_t at;
};

struct state_options {
	const char *path; /* NULL, with create: in memory alone, for a plan */
	/* expected fleet: another fleet's state is ERR_INPUT; NULL (only for
	 * reading): any fleet */
	const char *fleet;
	bool create; /* for an apply: create the state if missing, and lock it */
	/* with create, of a rebuilt state; NULL: a new lineage */
	const char *lineage;
	int64_t serial;
	struct state_origin origin;
	struct history_head history; /* of the state that was lost; its run becomes origin.run */
	const char *holder;          /* lock text, with create */
	int64_t lock_wait_ms;        /* with create */
};

/* Opens a state; ERR_MISSING when there is none and `create` is false. */
MUST_CHECK bool state_open(const struct state_options *o, struct state **out, struct err *e);
void state_close(struct state *s);
AUTO_TYPE(state, struct state *, state_close)

const char *state_lineage(const struct state *s);
int64_t state_serial(const struct state *s);
struct history_head state_history(const struct state *s);
/* NULL: it was not rebuilt, or by a former version. */
const struct state_origin *state_origin(const struct state *s);
/* Whether keys are sealed, even when there are none yet. */
bool state_is_sealed(const struct state *s);

enum {
	SEAL_KEY_BYTES = 32 /* of a key file */
};

/* The secret that a seal is made under: a passphrase, or the bytes of a key file. */
struct seal_secret {
	const struct secret *secret;
	bool is_key;
};

/*
 * Unwraps the data key with the secret, or makes and wraps one when the state
 * has none yet (then a weak passphrase or a key file of another size is
 * refused, ERR_INPUT).  `from` NULL: the fleet says `unsealed: true`.  A wrong
 * secret is ERR_INPUT.  A sealed state without one, or an unsealed key in a
 * sealed state, is an error.  Keys of a state that was unsealed are sealed at
 * once; a read-only state gets no seal.  The serial stays: nothing was applied.
 */
MUST_CHECK bool state_unseal(struct state *s, const struct seal_secret *from, struct err *e);

/*
 * Makes a new data key under `secret` and seals every key with it, in one
 * transaction.  The state is writable, and state_unseal() has opened its seal.
 * The values under the old seal leave the files.
 */
MUST_CHECK bool state_reseal(struct state *s, const struct seal_secret *secret, struct err *e);

/* Flaws found by a check: one line each, with its remedy. */
struct flaw_list {
	struct arena *arena;
	VEC(const char *) lines;
	size_t records; /* number of records that were checked */
};

void flaw_add(struct flaw_list *out, const struct err *e);
/*
 * Checks the store's integrity, that every record can be read, and that no
 * record refers to one that is missing.  Keys are not opened.  False only when
 * the records cannot be listed, or when stopped.
 */
MUST_CHECK bool state_check_all(struct state *s, struct flaw_list *out, struct err *e);

/* ---- reading, for the snapshot ---- */
MUST_CHECK bool state_generations(struct state *s, struct arena *a, const struct generation **out,
				  size_t *count, struct err *e);
/* Certificates of a generation, in `a`; none while it is pending. */
MUST_CHECK bool state_certificates(struct state *s, const struct generation *g, struct arena *a,
				   struct cert_set *out, struct err *e);
/* A generation's record as stored: JSON, and public. */
MUST_CHECK bool state_generation_record(struct state *s, const struct generation *g,
					struct arena *a, const char **json, struct err *e);
/* The record that the state would write of a generation. */
const char *generation_encode(const struct generation *g, struct arena *a);
/*
 * Components known to the state, sorted by name: deliveries in the second half
 * of component_seen, the last observation in the first.  A component that was
 * only ever observed has `known` false.
 */
MUST_CHECK bool state_components(struct state *s, struct arena *a,
				 const struct component_seen **out, size_t *count, struct err *e);
/*
 * Contact list of the last completed run (model/plan.h), sorted; empty: no run
 * has completed.
 */
MUST_CHECK bool state_reach(struct state *s, struct arena *a, const char *const **out,
			    size_t *count, struct err *e);
/* Which copies hold which bundles: "BUNDLE COPY", sorted. */
MUST_CHECK bool state_bundle_copies(struct state *s, struct arena *a, const char *const **out,
				    size_t *count, struct err *e);
/* Keys of accepted foreign CAs (model/snapshot.h), sorted. */
MUST_CHECK bool state_accepted(struct state *s, struct arena *a, const char *const **out,
			       size_t *count, struct err *e);
/* Rules of approval as of the last completed run; NULL: there are none. */
MUST_CHECK bool state_approval_rules(struct state *s, struct arena *a,
				     const struct approval_rules **out, struct err *e);
/* Private key with this SPKI hash; `out` must be empty. */
MUST_CHECK bool state_key(struct state *s, const char *spki, struct secret *out, struct err *e);
bool state_has_key(struct state *s, const char *spki);

/* ---- writing: collect a change, then commit it as one transaction ---- */
struct change;

struct change *change_new(struct state *s);
void change_free(struct change *c);
AUTO_TYPE(change, struct change *, change_free)

/*
 * Writes a generation's public record with its certificates.  NULL or an empty
 * set (while it is pending, or when only the record changes) leaves them.
 */
void change_generation(struct change *c, const struct generation *g, const struct cert_set *set);
/* Writes a private key, sealed; needs state_unseal(). */
MUST_CHECK bool change_key(struct change *c, const char *spki, const struct secret *pkcs8,
			   struct err *e);
void change_component(struct change *c, const struct component_seen *seen);
void change_forget_component(struct change *c, const char *name);
/* Moves the component's committed records from `old` to `new_name`, if any. */
void change_rename_component(struct change *c, const char *old, const char *new_name);
/*
 * Moves all committed generations of `old` to `new_name` (`was:`), which must
 * have none, and updates the components and requests that mention the name.
 */
MUST_CHECK bool change_rename_owner(struct change *c, enum generation_of of, const char *old,
				    const char *new_name, struct err *e);
/* Removes a generation, and its key unless another generation has the same. */
void change_forget_generation(struct change *c, const struct generation *g);
/* Replaces the contact list; sorted. */
MUST_CHECK bool change_reach(struct change *c, const char *const *reach, size_t count,
			     struct err *e);
/* Replaces the records of copies; sorted. */
void change_bundle_copies(struct change *c, const char *const *texts, size_t count);
/* Replaces the keys of accepted foreign CAs; sorted. */
void change_accepted(struct change *c, const char *const *keys, size_t count);
/* Replaces the rules of approval; NULL: there are none any more. */
void change_approval_rules(struct change *c, const struct approval_rules *rules);
/* Writes any other record, for the journal; value NULL deletes it. */
void change_record(struct change *c, const char *key, const char *value);

/*
 * Commits a change; ERR_STALE when another process wrote the state meanwhile:
 * open it again.  The change is empty afterwards, unless it failed; an empty
 * one writes nothing.
 */
MUST_CHECK bool state_commit(struct state *s, struct change *c, struct err *e);
/* Writes observations, without raising the serial. */
MUST_CHECK bool state_observe(struct state *s, const struct component_seen *seen, size_t count,
			      struct err *e);

#endif
