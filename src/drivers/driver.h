/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How components are reached: one row of verbs per way, one file per row.
 *
 * The engine hands over a set of jobs of one verb and gets all of them back
 * answered; what runs at the same time, and how many at once, is decided
 * here, and for local files in install/install.h.  A job that fails says so in its own `error` and
 * harms no other. `struct drivers` holds the connections from one set to the next.
 */
#ifndef DRIVERS_DRIVER_H
#define DRIVERS_DRIVER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"
#include "model/fleet.h"
#include "model/observation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum driver_verb {
	DRIVER_PROBE,
	DRIVER_STAGE,
	DRIVER_COMMIT,
	DRIVER_ABORT,
	DRIVER_ACTIVATE,
	DRIVER_REVERT,
	DRIVER_REMOVE,
	DRIVER_READ,   /* the pair that is installed, with its key */
	DRIVER_NOTIFY, /* tells a target of the fleet, without a component */
	DRIVER_VERB_COUNT
};

struct owned_file; /* install/owned_file.h */

struct job {
	enum driver_verb verb;
	const struct component *component;
	/*
	 * stage, commit, abort, activate, revert; remove: what was there the
	 * last time, NULL unknown
	 */
	const char *fingerprint;
	const char *replaces; /* commit, revert */
	/* stage; commit and revert of drivers that take it: NULL not known */
	const struct cert_set *set;
	const struct secret *key; /* PKCS#8 DER */
	/* stage and revert of a hand-off: its file, and what is written there */
	const struct owned_file *file;
	const struct secret *content;
	/* of those that take orders: all but probe */
	const char *lineage; /* of our state */
	int64_t sequence;
	bool rolls_back; /* activate: what was reverted */
	bool adopts;     /* it may have been another lineage's */
	/* activate: as in struct activation_order */
	const char *proven;
	const char *accepted;
	/* of the AppMon Server: */
	struct appmon_seen *appmon; /* probe: it is asked, and not the component; NULL: not */
	const char *const *leaves;  /* of pairs that its web certificate may become */
	size_t leaf_count;
	int64_t ordered; /* activate: when an earlier run ordered a restart whose outcome
			    is not known, UTC seconds; 0: none did */
	/* notify: who is told what; a stop that came before it does not keep it from that */
	const struct notify *target;
	const struct notice *notice;
	bool stopped;
	int64_t awaits; /* probe: seconds that `activating` is waited for first; 0: it is not */
	struct arena *arena; /* for the answer */
	/* set by drivers_run(), from struct drivers_options */
	const char *directory;
	const char *private_directory;
	/* answered */
	bool done;
	struct err error;          /* when not done */
	bool began;                /* something may have been changed */
	int64_t began_ms;          /* when, on the monotonic clock */
	struct observation seen;   /* probe; strings in the arena */
	const char *executable;    /* activate: of the process that was told; NULL:
				      it is not known here */
	struct cert_set *found;    /* read; where it goes */
	struct secret *parsed_key; /* read; where it goes, empty */
};

struct appmon_seen;
struct drivers;

/*
 * A secret that a component's delivery names, borrowed for the whole apply; ERR_INPUT
 * when it cannot be had.
 */
typedef bool driver_secret_fn(void *ctx, const struct secret_ref *ref, const struct secret **out,
			      struct err *e);

struct drivers_options {
	const struct fleet_access *access;
	const char *directory;         /* where commands run; NULL: ours */
	const char *private_directory; /* for what commands are given; NULL: only probes run */
	driver_secret_fn *secret;
	/* a stop was noticed while activations run; NULL: nothing is told */
	void (*stopping)(void *ctx, size_t running, int64_t until);
	void *ctx;
};

struct drivers *drivers_new(const struct drivers_options *o);
/* The directory of supervisors' records (install/supervisor.h) below the private one. */
const char *driver_records(const char *private_directory, struct arena *a);

/*
 * Removes what a killed run has left in the private directory.  Only for the one
 * that holds the lock of the state.
 */
MUST_CHECK bool drivers_clean(const struct drivers *d, struct err *e);
void drivers_free(struct drivers *d);
AUTO_TYPE(drivers, struct drivers *, drivers_free)

/*
 * Runs every job to its end; never fails as a whole.  A probe that fails
 * means that the component cannot be reached.
 */
void drivers_run(struct drivers *d, struct job *jobs, size_t count);

/*
 * How a component is reached, as JSON text for the state, and back; what cannot
 * be understood is ERR_IO.
 */
const char *deliver_to_text(const struct deliver *d, struct arena *a);
MUST_CHECK bool deliver_from_text(const char *text, struct arena *a, struct deliver *out,
				  struct err *e);

/* Whether a commit puts the pair that is there once more, since it was damaged. */
bool job_mends(const struct job *j);
/* Whether commit and revert need the pair again, set and key. */
bool driver_takes_pair(const struct component *c);
/* Whether its process is activated by a signal or a command on this host. */
bool driver_activates_here(const struct component *c);
/* Whether what it is told needs `lineage` and a rising `sequence`. */
bool driver_takes_orders(const struct component *c);

#endif
