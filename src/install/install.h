/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installation of a pair at the paths of a component, switched atomically, and
 * its reversal.
 *
 * Every version of a pair is a directory of its own in a store beside the
 * target.  Processes read it through one symbolic link, so certificate and key
 * change together by one rename:
 *
 *	/etc/nginx/tls/shop                 -> .shop.certfleet/<fingerprint>
 *	/etc/nginx/tls/.shop.certfleet/<fingerprint>/{leaf,chain,fullchain,
 *	                                              key,ca}.pem
 *
 * What else is in such a directory is carried into each version.  With single paths
 * the store holds a link `current`, and every path is a link through it:
 *
 *	/etc/ssl/certs/shop.pem    -> .shop.pem.certfleet/current/fullchain.pem
 *	/etc/ssl/private/shop.key  -> ../certs/.shop.pem.certfleet/current/key.pem
 *	/etc/ssl/certs/.shop.pem.certfleet/<fingerprint>/key.pem
 *	        -> ../../../private/.shop.key.certfleet/<fingerprint>/key.pem
 *
 * so that who may read the certificate need not get into the key's directory; a
 * key beside the certificate is in its store.  With `link: false`, and for one file
 * alone, the paths (those of the files in the directory) are plain files, copied from
 * the version, the key first, each by one rename.  Files and directories that existed
 * before certfleet are first kept as a version of their own and replaced by links
 * with the same content; only then is the link switched, so that no mixed pair is
 * ever visible.
 *
 * probe only reads.  stage writes a version, re-reads it by hash and changes
 * nothing else.  commit switches, if the installed pair is still the one the
 * caller expects to replace.  abort removes a staged version.  revert switches
 * back to a version still in the store, or to the pair found there before
 * certfleet ("found-FINGERPRINT").  All are idempotent; interrupted at any
 * point they leave the old or the new state whole, and a later stage or commit
 * cleans up.  commit keeps the version it replaced and removes older ones, but
 * never a found one: its key may exist nowhere else.
 *
 * Security (SECURITY.md, files): every directory on the path belongs to root
 * or us and is not writable by others; no symbolic link is followed but the
 * one that is switched; owner and mode are set on the descriptor before the
 * first byte; a file without certificate or key is not replaced unless
 * `replace: true`.  An inherited mode of a key is reduced to 0640.  One writer
 * at a time: the store is locked, and a second writer waits up to 10 seconds.
 *
 * Many jobs run together: their files are read and written by threads, since
 * each waits for the disk; what was read is decoded, in batches, and decided on
 * by the caller's thread.
 */
#ifndef INSTALL_INSTALL_H
#define INSTALL_INSTALL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "install/decide.h"
#include "model/certs.h"
#include "model/fleet.h"
#include "model/observation.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	/* Jobs that are written at the same time; their files are decoded together. */
	INSTALL_AT_ONCE = 64,
};

struct install_job {
	const struct install *install;
	struct install_order order;
	struct arena *arena; /* probe, read: for the answer */
	/* answered */
	struct observation *seen; /* probe: filled in, as far as the pair is concerned */
	struct cert_set *found;   /* read */
	struct secret *key;       /* read: must be empty */
	bool done;
	struct err error; /* when not done */
};

/* Runs each job to its end; a probe is always done. */
void install_run(struct install_job *jobs, size_t count);

/* ---- one job ---- */

struct install_pair {
	const char *fingerprint;
	const struct cert_set *set;
	const struct secret *key; /* PKCS#8 DER */
};

/* Fills in what belongs to the installed pair; strings in the arena. */
void install_probe(const struct install *i, struct arena *a, struct observation *out);
MUST_CHECK bool install_stage(const struct install *i, const struct install_pair *pair,
			      struct err *e);
/*
 * `replaces`: fingerprint expected to be installed; NULL: any.  ERR_STALE:
 * another pair is installed.
 */
MUST_CHECK bool install_commit(const struct install *i, const char *fingerprint,
			       const char *replaces, struct err *e);
MUST_CHECK bool install_abort(const struct install *i, const char *fingerprint, struct err *e);
/* Fingerprint "": back to no installed pair. */
MUST_CHECK bool install_revert(const struct install *i, const char *fingerprint, struct err *e);
/* For `retire: {remove: true}`: removes the links and the store. */
MUST_CHECK bool install_remove(const struct install *i, struct err *e);
/*
 * The installed pair with its key, to keep a pair that is not in the state;
 * ERR_MISSING: none.  `key` must be empty.
 */
MUST_CHECK bool install_read(const struct install *i, struct arena *a, struct cert_set *set,
			     struct secret *key, struct err *e);

#endif
