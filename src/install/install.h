/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pair onto paths, switched at once, and back.
 *
 * Every version of a pair is a directory of its own in a store beside the
 * target; what the process reads is reached through one symbolic link, so
 * certificate and key change together by one rename:
 *
 *	/etc/nginx/tls/shop                 -> .shop.certfleet/<fingerprint>
 *	/etc/nginx/tls/.shop.certfleet/<fingerprint>/{leaf,chain,fullchain,
 *	                                              key,ca}.pem
 *
 * With single paths the store stands beside the key, holds a link `current`,
 * and every path is a link into it.  Files and directories that were there
 * before are first kept as a version of their own; they are turned into links
 * with the same content, and only then is the link switched: no instant has a
 * mixed pair.
 *
 * probe reads; stage writes a version, re-reads it by hash and changes nothing
 * else; commit switches, if what is installed is still what the caller expects
 * to replace; abort removes a staged version; revert switches back to a
 * version that is still there, or to what stood there before certfleet came
 * ("found-FINGERPRINT" in the store).  All are idempotent and leave the old or
 * the new state whole when they are interrupted at any point; a later stage or
 * commit cleans up what an interrupted one left.  Commit keeps the version it
 * replaced and removes older ones, but never one that was found: its key may
 * be nowhere else.
 *
 * Security (SECURITY.md, files): every directory on the way belongs to root
 * or us and is not writable by others; no symbolic link is followed but the
 * one that is switched; owner and mode are set on the descriptor before the
 * first byte; a file that holds no certificate or key is not replaced unless
 * `replace: true`.  An inherited mode of a key is cut to 0640.  One writer at
 * a time: the store is locked, and a second one waits for some seconds.
 */
#ifndef INSTALL_INSTALL_H
#define INSTALL_INSTALL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"
#include "model/fleet.h"

#include <stdbool.h>

/* What is there; strings in the arena. */
struct install_seen {
	const char *installed;  /* fingerprint; "" nothing; NULL unreadable */
	const char *chain;      /* digest of what follows the leaf */
	struct der leaf;        /* len 0: none */
	const char *damage;     /* NULL: whole; else "key.pem does not match" */
	const char *attr_flaw;  /* NULL: owner and mode as they were set */
	const char *staged;     /* newest version that is not current; NULL */
	const char *unwritable; /* NULL: can be written; else why not */
	const char *error;      /* why installed is unknown */
};

struct install_pair {
	const char *fingerprint;
	const struct cert_set *set;
	const struct secret *key; /* PKCS#8 DER */
};

void install_probe(const struct install *i, struct arena *a, struct install_seen *out);
/* Many: what strangers may have put there is decoded together. */
void install_probe_all(const struct install *const *installs, size_t count, struct arena *a,
		       struct install_seen *out);
MUST_CHECK bool install_stage(const struct install *i, const struct install_pair *pair,
			      struct err *e);
/* `replaces` NULL: whatever is there.  ERR_STALE when it is something else. */
MUST_CHECK bool install_commit(const struct install *i, const char *fingerprint,
			       const char *replaces, struct err *e);
MUST_CHECK bool install_abort(const struct install *i, const char *fingerprint, struct err *e);
/* "" as fingerprint: back to nothing being installed. */
MUST_CHECK bool install_revert(const struct install *i, const char *fingerprint, struct err *e);
/* `retire: {remove: true}`: the links and the store. */
MUST_CHECK bool install_remove(const struct install *i, struct err *e);
/*
 * The pair that is installed, with its key, for keeping what the state does
 * not know; ERR_MISSING when there is none.  `key` must be empty.
 */
MUST_CHECK bool install_read(const struct install *i, struct arena *a, struct cert_set *set,
			     struct secret *key, struct err *e);

#endif
