/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backup bundles as the engine makes them: every generation that has not
 * expired, with its key, written, synced, read back and compared before
 * anything relies on it.  A generation then records the bundle that holds it.
 */
#ifndef ENGINE_BACKUP_H
#define ENGINE_BACKUP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "crypto/crypto.h"
#include "model/certs.h"
#include "model/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;
struct fleet;
struct bundle;
struct secret_ref;
struct backup_copy;

/*
 * Writes a bundle; `name` (in `a`) is its file name.  Removes old bundles
 * beyond `keep`.
 */
MUST_CHECK bool backup_create(struct engine *en, struct arena *a, const char **name, struct err *e);

/* A generation with its certificates and its key. */
struct backup_pair {
	const struct generation *generation;
	const struct cert_set *set;
	const struct secret *key; /* PKCS#8 */
};

/*
 * Recovery bundle: writes what the state holds, and the pairs that it could not
 * take, to the backup directory or else to the working directory, and reads it
 * back.  `path` is in `a`.
 */
MUST_CHECK bool backup_recover(struct engine *en, const struct backup_pair *pairs, size_t count,
			       struct arena *a, const char **path, struct err *e);

/* Whether a bundle can hold `generations` generations; else ERR_INPUT. */
MUST_CHECK bool backup_has_room(const struct engine *en, size_t generations, struct err *e);

struct backup_listed {
	const char *name; /* file name in the backup directory */
	int64_t serial;
	const char *time; /* from the name */
	int64_t size;
};

/* The newest of these names of bundles of the fleet; NULL: none is one. */
const char *backup_newest(const struct fleet *f, const char *const *names, size_t count);

/* This fleet's bundles, newest first, by their names alone. */
MUST_CHECK bool backup_list(const struct fleet *f, struct arena *a, struct backup_listed **out,
			    size_t *count, struct err *e);

/* Whether one of the passphrases opens a bundle. */
enum bundle_access {
	BUNDLE_UNTRIED, /* no passphrase could be had */
	BUNDLE_CLOSED,
	BUNDLE_OPENS /* or it is not encrypted */
};

struct backup_row {
	struct backup_listed listed;
	const char *flaw; /* why it cannot be read; NULL: its structure is right */
	/* from the manifest; of one that cannot be read, from its name */
	const char *fleet;
	int64_t serial;
	int64_t created;     /* 0: unknown */
	int64_t generations; /* number of them */
	/* when these bytes were read back after they were written; 0: unknown */
	int64_t verified_at;
	const char *const *copies; /* URLs that it was copied to */
	size_t copy_count;
	enum bundle_access access;
};

struct backup_rows {
	struct backup_row *list;
	size_t count;
};

/*
 * engine/backup_rows.c: reads this fleet's bundles, newest first.  `passphrase` is the one
 * to try; SECRET_NONE: those of the fleet file.
 */
MUST_CHECK bool backup_rows(struct engine *en, const struct secret_ref *passphrase, struct arena *a,
			    struct backup_rows *out, struct err *e);

/*
 * Checks all of a bundle: with the passphrase also that every key belongs to its
 * certificate, and that the bundle can be rebuilt byte for byte from what was read.
 * NULL checks the structure only.  `path` is its name in messages.
 */
MUST_CHECK bool backup_check(const char *path, const struct buf *bytes,
			     const struct secret *passphrase, struct bundle *out, struct err *e);

/* ---- opening (engine/backup_open.c) ---- */

/*
 * The one way from the words of a command line to a bundle that is checked, for
 * verification, restore and everything else that reads one.
 */
#define BUNDLE_LATEST "latest"

struct bundle_opening {
	/* a path, the name of a bundle in the backup directory, BUNDLE_LATEST, or one of
	 * these in a copy of the fleet file: "sftp://USER@HOST/DIR/NAME" */
	const char *bundle;
	/* outlives the engine; SECRET_NONE: the passphrases of the fleet file, of which any
	 * may open it */
	const struct secret_ref *passphrase;
	bool structure; /* no passphrase: check the structure only */
};

/*
 * Whether the word is a path, so that the bundle is found without a fleet file: it
 * has a '/', or there is such a file here.
 */
bool bundle_word_is_path(const char *word);

/*
 * Reads a bundle whole and checks all of it, as backup_check() does.  The engine may be one
 * without a fleet file: then only a path and a passphrase of its own find and open it.
 * `authenticated` of the bundle says whether a passphrase opened it.  `path`, in the
 * engine's arena, is where it was found.  ERR_INPUT for every flaw and for a passphrase
 * that cannot be had; ERR_MISSING without the file.
 */
MUST_CHECK bool backup_open(struct engine *en, const struct bundle_opening *o, struct bundle *out,
			    const char **path, struct err *e);

/* ---- bringing a state back (engine/restore.c) ---- */

/*
 * What a verified bundle or an exported file has is committed as one change into a new
 * state (state/state_copy.h).
 */

/*
 * Writes the files of config/ into a directory that may have the same ones already;
 * `fleet_file`, in `a`, is the path of the fleet file there.  When another file of a
 * name is there, each is a note, nothing is written, and it is ERR_IO.
 */
MUST_CHECK bool restore_config(struct engine *en, const struct bundle *b, const char *directory,
			       struct arena *a, const char **fleet_file, struct err *e);

struct restore_order {
	const char *holder;  /* text of the locks */
	bool newer_accepted; /* a state that is not older may be replaced */
};

struct restored {
	int64_t copied;     /* serial of the copy */
	int64_t newer;      /* serial of the state that is not older, which was left; or -1 */
	int64_t serial;     /* of the new state */
	const char *former; /* where the former state is kept now; NULL: there was none */
};

/*
 * Rebuilds the state of the engine's fleet, whose engine has none open, from a bundle as
 * backup_open() gives it.  ERR_INPUT for a bundle of another fleet, and for one that
 * nothing vouches for unless the fleet file says `unencrypted`.  Strings of `out` are in
 * the engine's arena.
 */
MUST_CHECK bool restore_state(struct engine *en, const struct bundle *b,
			      const struct restore_order *o, struct restored *out, struct err *e);

/* Whether it could be, as far as the bundle is concerned. */
MUST_CHECK bool restore_check(struct engine *en, const struct bundle *b, struct err *e);
/*
 * Gives an engine without a state the one that a restore would make, in memory alone,
 * so that a plan can be made from a bundle.
 */
MUST_CHECK bool restore_presume(struct engine *en, const struct bundle *b, struct err *e);

/* ---- exported state ---- */

/* The state as one document; needs its passphrase. */
MUST_CHECK bool restore_export(struct engine *en, struct buf *out, struct err *e);
/*
 * The same as restore_state() from such a document, opened with the passphrase;
 * SECRET_NONE: with the one that the fleet file names for the state.
 */
MUST_CHECK bool restore_import(struct engine *en, struct bytes text,
			       const struct secret_ref *passphrase, const struct restore_order *o,
			       struct restored *out, struct err *e);

/* ---- the backup directory ---- */

/*
 * engine/backup_prune.c: removes this fleet's bundles beyond `keep`; failures are only
 * notes.  `written`, the newest verified one, stays, and so does the newest of those
 * with a key that no other bundle has, while its certificate has not ended or is
 * still installed or served somewhere.
 */
void backup_prune(struct engine *en, const struct bundle *written);

/* The newest bundle of this fleet in its backup directory; NULL: none. */
const char *backup_orphan(const struct engine *en, struct arena *a);
/*
 * A bundle of this state's lineage with a higher serial; NULL: none.  File
 * names with a higher serial select the candidates, and the manifests of at
 * most BACKUP_LOOKS candidates are read, without a passphrase.  When confined,
 * the file name is enough.
 */
enum {
	BACKUP_LOOKS = 16
};
const char *backup_newer(struct engine *en, struct arena *a);

/*
 * engine/backup_recorded.c: records in the snapshot which bundles of unexpired
 * generations are missing or damaged.  Needs no passphrase; when confined,
 * checks only that the files exist.
 */
struct snapshot;
MUST_CHECK bool backup_observe(struct engine *en, struct snapshot *s, struct err *e);
/* Why one of these cannot be relied on, in `a`; NULL: present and undamaged. */
const char *backup_flaw(const struct engine *en, const char *name, struct arena *a);

/* ---- copies (engine/backup_copies.c) ---- */

/* Copies of the fleet file, and the error of each; ERR_NONE: none so far. */
struct backup_copies {
	const struct backup_copy *const *copies;
	struct err *errors;
	size_t count;
};

/*
 * Puts the bundles that the state relies on to those copies that have not got
 * them by its records, reads them back, and records them.
 */
void backup_put_copies(struct engine *en, const struct backup_copies *to);
/*
 * The same to all copies of the fleet file; the first failure that `accepting`
 * does not acknowledge (NULL: none is) is the error.
 */
struct plan;
MUST_CHECK bool backup_copy_all(struct engine *en, const struct plan *accepting, struct err *e);
/* Whether the plan's run goes on; then the error is told. */
bool copy_failure_is_accepted(struct engine *en, const struct plan *p, const struct backup_copy *c,
			      const struct err *error);
/* Names of the copies that hold a bundle, by the records of the state. */
MUST_CHECK bool backup_copies_of(const struct engine *en, const char *bundle, struct arena *a,
				 const char *const **out, size_t *count, struct err *e);

/*
 * Reads "COPY/NAME" or "COPY/latest", COPY being the name of one in the fleet file;
 * `found` is "COPY/NAME" then.  ERR_MISSING: there is no such bundle, or no such copy.
 */
struct buf;
MUST_CHECK bool backup_fetch(struct engine *en, const char *url, struct arena *a,
			     const char **found, struct buf *out, struct err *e);

/* Names of the bundles in which unexpired generations are recorded, sorted. */
struct recorded_bundles {
	const char **names;
	size_t count;
};
struct generation;
struct recorded_bundles bundles_recorded(const struct generation *list, size_t count, int64_t now,
					 struct arena *a);
/* Sets in the snapshot which of them each copy has not got; contacts none. */
MUST_CHECK bool copies_observe(const struct engine *en, struct snapshot *s,
			       const struct recorded_bundles *b, struct err *e);

/*
 * Resolves a secret reference; the answer is kept, also that it cannot be had
 * (ERR_INPUT), and wiped with the engine.
 */
MUST_CHECK bool engine_secret(struct engine *en, const struct secret_ref *ref,
			      const struct secret **out, struct err *e);

#endif
