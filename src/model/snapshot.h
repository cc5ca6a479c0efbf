/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exists now: what the state remembers, what the imports hold and what
 * the components were seen to have.  Plain data in one arena; made by the
 * engine, read by the planner and the reports.
 *
 * Fingerprints are 64 lower-case hex digits.  In what was observed, NULL
 * means unknown and "" means that nothing is there.
 */
#ifndef MODEL_SNAPSHOT_H
#define MODEL_SNAPSHOT_H

#include "base/arena.h"
#include "model/enrolment.h"
#include "model/fleet.h"
#include "model/observation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client_view; /* model/client_view.h */

enum generation_of {
	OF_CERTIFICATE,
	OF_ISSUER
};
enum generation_source {
	SOURCE_ISSUED,
	SOURCE_IMPORTED,
	SOURCE_FOUND,
	SOURCE_COUNT
};

/*
 * One key + leaf + chain, as the state remembers it.  Generations of one
 * owner are numbered from 1; the newest has the highest number.
 */
struct generation {
	enum generation_of of;
	const char *owner; /* certificate or issuer name */
	unsigned number;
	bool pending; /* has its key, but no leaf yet */
	enum generation_source source;
	const char *fingerprint; /* "" while pending */
	const char *spki;        /* SHA-256 of the SubjectPublicKeyInfo */
	const char *chain;       /* SHA-256 over the chain's DER, leaf excluded */
	const char *serial;      /* hex */
	const char *subject;     /* RFC 4514 */
	const char *issuer;      /* RFC 4514 name of who signed */
	const char *authority;   /* fingerprint of the managed authority that
				    signed; "" otherwise */
	const char *key;         /* "ecdsa-p256" ... */
	const char *request;     /* canonical request; "" unless issued */
	const char *file;        /* SHA-256 of the files it was imported from, of one
				    its bytes; NULL: not imported, or unknown */
	bool reissued;           /* made by --reissue */
	/* hold: used again by --use, see model/hold.h */
	int64_t held_until;       /* 0: it is not held */
	const char *held_request; /* of the certificate when the hold began; NULL */
	int64_t not_before;
	int64_t not_after;
	const char *bundle; /* bundle it was read back from; NULL: none yet */
	/* of an imported one, read when the snapshot was made; NULL: it was not */
	const struct client_view *view;
};

/* One import as it is on disk now. */
struct import_seen {
	const char *certificate;
	bool missing;      /* its file or password is not there */
	bool unopened;     /* confined: its files are none that were imported;
			      what is in them is not looked at */
	const char *error; /* NULL: readable and deployable */
	/* what it holds; set when none of these; else only its `file`, NULL when that
	 * could not be read */
	struct generation found; /* number 0 */
};

/* Whether `found` is what it holds. */
static inline bool import_is_known(const struct import_seen *i)
{
	return !i->missing && !i->unopened && !i->error;
}

/* Roll back of a component's newest commit. */
enum rollback_state {
	ROLLBACK_NONE,
	ROLLBACK_BEGUN,    /* due, since it was interrupted or has failed */
	ROLLBACK_UNPROVEN, /* the former pair is back; nothing shows what is served */
	ROLLBACK_PROVEN,
	ROLLBACK_STATE_COUNT
};
/* Ends with NULL. */
extern const char *const rollback_state_names[ROLLBACK_STATE_COUNT + 1];

/*
 * File for people that certfleet writes: an export, or a hand-off.  What the state
 * remembers of it, and what is there now.
 */
struct written_file {
	const char *path;
	/* remembered; NULL: nothing was ever written there */
	const char *fingerprint; /* of the pair that is, or was to be, in it */
	const char *form;        /* "zip", "pem", "pkcs12" */
	const char *sha256;      /* of its bytes */
	bool complete;           /* it was written; else an attempt was interrupted */
	bool handoff;            /* wiped when nobody waits for it any more */
	/* SHA-256 of former content, which may still be there or beside it */
	const char *const *former;
	size_t former_count;
	/* seen */
	const char *holds;      /* the fingerprint while the file is there as written; "" */
	const char *unwritable; /* NULL: it can be written, or was not looked at; else why
				   not */
};

/*
 * Stands for the pair of a component that is reverted to the product's built-in
 * certificate, whose fingerprint no one knows beforehand.
 */
#define BUILTIN_PAIR "builtin"

/* One component, seen and remembered. */
struct component_seen {
	const char *name;
	struct observation now; /* of an offline one, what was seen last */
	/* remembered */
	bool known;                  /* the state has a record of it */
	const char *proven;          /* executable of the process that a proven
					activation told; NULL: unknown */
	const char *certificate;     /* whose pair it last got; NULL: none */
	const char *activation_due;  /* committed, but not activated yet;
					fingerprint or NULL; BUILTIN_PAIR: its revert
					was begun */
	bool restarted;              /* it was, from outside: nothing is due any more, which
					the state does not know yet */
	int64_t ordered;             /* when its AppMon Server was told to restart it, and what
					became of it is not known; 0 */
	const char *const *rejected; /* rolled back here; sorted */
	size_t rejected_count;
	const char *handed_over; /* hand-off: the pair that a person has imported, as was
				    said or proven; NULL: none */
	const char *replaced;    /* by the newest commit, recorded before it and kept
				    until it is proven or taken back; NULL: none,
				    or unknown */
	enum rollback_state rollback;
	int64_t reverted_at;     /* when its stores were cleared, and no pair was committed
				    since; 0 */
	const char *reverted_to; /* leaf that it was proven to serve after that; NULL */
	const char *last_error;  /* of the last run that touched it */
	/* acknowledged preconditions: "CODE FINGERPRINT" of the pair desired then */
	const char *const *acknowledged;
	size_t acknowledged_count;
	bool limited;            /* the last run left it to a later one by `limits` */
	int64_t deferred_at;     /* when a run left it out, since it was
				    offline and needed a change; 0 */
	int64_t order_given;     /* sequence of the newest order; 0: none */
	bool restored;           /* from a copy that knew no later orders, and no run has
				    seen it since */
	bool retire_remove;      /* remembered for when it leaves the file */
	const char *deliver;     /* how it was reached, opaque text of the engine's,
				    for removing its files then; NULL: unknown */
	const char *const *left; /* paths that it was delivered to, and is no more */
	size_t left_count;
	const char *left_host; /* that these are on; NULL: this machine */
};

/* Whether its stores were cleared, or may have been, so that it uses no installed pair. */
bool component_is_reverted(const struct component_seen *seen);

/* Whether a handshake can prove what the component serves. */
static inline bool component_is_provable(const struct component *c,
					 const struct component_seen *seen)
{
	return c->verify_count > 0 && !seen->now.unverifiable && !seen->now.plain;
}

/* What is published for an issuer, compared with its newest authority. */
struct publish_seen {
	const char *issuer;
	bool current;           /* the file holds exactly the newest authority */
	const char *unwritable; /* NULL: it can be written, or was not looked at; else why
				   not */
};

/* A file that says whom we believe: authorities, or keys of hosts. */
struct trust_seen {
	const char *path;   /* as seen from the fleet file's directory */
	const char *file;   /* absolute */
	const char *digest; /* SHA-256 of its bytes; NULL: it was not read */
};

/*
 * An authority in use that has the subject of one of the fleet's issuers, but
 * whose key no generation of the state has.
 */
struct foreign_authority {
	const char *subject;     /* canonical */
	const char *key;         /* what tells its key from others; opaque */
	const char *component;   /* where it was seen; NULL: in the file... */
	const char *path;        /* ...that an issuer publishes; NULL */
	const char *what;        /* the installed or the served leaf; "" */
	const char *fingerprint; /* of the certificate that was looked at */
};

enum renamed_kind {
	RENAMED_ISSUER,
	RENAMED_CERTIFICATE,
	RENAMED_COMPONENT,
	RENAMED_KIND_COUNT
};
/* Ends with NULL. */
extern const char *const renamed_kind_names[RENAMED_KIND_COUNT + 1];

/* What `was:` says and the state does not know yet. */
struct renamed_seen {
	enum renamed_kind kind;
	const char *old;
	const char *name;
};

/* A bundle that the state relies on, but that cannot be relied on. */
struct lost_bundle {
	const char *name;
	const char *message; /* "the bundle 'NAME' is not there"; escaped */
};

/* What --from-backup makes desired: of each certificate the newest generation. */
struct source_bundle {
	const char *name;                     /* of the bundle, as it was given */
	const struct generation *generations; /* by owner */
	size_t count;
};

/* A copy of the fleet file, and what the state records of it. */
struct copy_seen {
	const char *copy;    /* its name */
	const char *missing; /* a bundle that the state relies on, and that it has not
				got; NULL: none */
	const char *error;   /* why it takes no bundle; NULL: it does, or was not asked */
};

struct approval_rules;

struct snapshot {
	struct arena arena;
	int64_t observed_at;
	bool state_exists;
	const char *lineage; /* "" without a state */
	int64_t serial;
	const char *orphan_bundle;      /* a bundle of this fleet in the backup
					   directory while there is no state */
	const char *missing_lineage;    /* by certfleet.lineage, of a state that is
					    not here; NULL: none */
	const char *newer_bundle;       /* one of this lineage that is of a higher
					   serial than the state */
	const char *backup_unwritable;  /* NULL: a bundle can be written, or the directory
					   was not looked at; else why not */
	const struct lost_bundle *lost; /* by name */
	size_t lost_count;
	const struct source_bundle *source; /* NULL: not --from-backup */
	const struct copy_seen *copies;     /* in the order of the fleet file */
	size_t copy_count;
	const char *const *reached; /* by the last completed run, sorted; see
				       struct plan */
	size_t reached_count;       /* 0: none has completed */
	/* rules of approval: those that count, as of the last completed run (without a state that
	 * should be there, those of the fleet file), and those of the fleet file; NULL: none */
	const struct approval_rules *approvals;
	const struct approval_rules *approvals_asked;
	/* shown under their new names here; in the order of the fleet */
	const struct renamed_seen *renamed;
	size_t renamed_count;
	/* in the order in which they were seen */
	const struct foreign_authority *foreign;
	size_t foreign_count;
	/* keys of foreign authorities that somebody accepted; sorted */
	const char *const *accepted;
	size_t accepted_count;
	/* issuers that sign, or are to sign, the pair that agents know us by;
	 * sorted */
	const char *const *operator_issuers;
	size_t operator_issuer_count;
	const struct generation *generations; /* by of, owner, number */
	size_t generation_count;
	const struct import_seen *imports; /* by certificate */
	size_t import_count;
	const struct trust_seen *trusted; /* by path */
	size_t trusted_count;
	const struct written_file *written; /* by path */
	size_t written_count;
	const struct publish_seen *published; /* by issuer */
	size_t publish_count;
	/* by name: those of the fleet file and those only the state knows */
	const struct component_seen *components;
	size_t component_count;
	/* collectors that the AppMon Server lists and the fleet file lacks, NAME@HOST, by name */
	const char *const *undeclared;
	size_t undeclared_count;
	/* those of one agent together, by number */
	const struct enrolled *agents;
	size_t agent_count;
};

void snapshot_release(struct snapshot *s);
AUTO_STRUCT(snapshot, struct snapshot, snapshot_release)

const struct component_seen *snapshot_component(const struct snapshot *s, const char *name);
const struct import_seen *snapshot_import(const struct snapshot *s, const char *certificate);
/* Of a file that says whom we believe; NULL: it was not read. */
const char *snapshot_trust(const struct snapshot *s, const char *path);
/*
 * Generation that stays desired while an import cannot be read: the newest that came
 * from these very files, else the newest imported one; NULL: none.
 */
const struct generation *snapshot_last_import(const struct snapshot *s, const char *certificate);
const struct publish_seen *snapshot_published(const struct snapshot *s, const char *issuer);
/* NULL: nothing is known of it. */
const struct written_file *snapshot_written(const struct snapshot *s, const char *path);
/* What --from-backup makes desired; NULL: nothing of this certificate, or not asked for. */
const struct generation *snapshot_from_source(const struct snapshot *s, const char *certificate);
const struct lost_bundle *snapshot_lost(const struct snapshot *s, const char *bundle);
/* The newest generation of an owner that has its leaf and was not found on
 * a component; NULL: none. */
const struct generation *snapshot_newest(const struct snapshot *s, enum generation_of of,
					 const char *owner);
/* The newest of a certificate from this source; NULL: none. */
const struct generation *snapshot_newest_from(const struct snapshot *s, const char *certificate,
					      enum generation_source source);
/* The newest imported one of a certificate with the leaf and chain of `found`; NULL: none. */
const struct generation *snapshot_same_import(const struct snapshot *s, const char *certificate,
					      const struct generation *found);
/* All of an owner, by number; `count` may be 0. */
const struct generation *snapshot_generations(const struct snapshot *s, enum generation_of of,
					      const char *owner, size_t *count);
/* One that has its key but no leaf yet; NULL: none. */
const struct generation *snapshot_pending(const struct snapshot *s, enum generation_of of,
					  const char *owner);
/* The number the next generation of an owner gets. */
unsigned snapshot_next_number(const struct snapshot *s, enum generation_of of, const char *owner);
/*
 * By fingerprint; NULL: unknown to the state.  The newest of several that
 * differ in their chain only; one that was found is the last choice.
 */
const struct generation *snapshot_generation(const struct snapshot *s, const char *fingerprint);

extern const char *const source_names[SOURCE_COUNT + 1];

#endif
