/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of an observation, each filling its share of the snapshot. */
#ifndef ENGINE_OBSERVE_H
#define ENGINE_OBSERVE_H

#include "base/err.h"
#include "crypto/crypto.h"
#include "model/snapshot.h"
#include "pki/pair.h"

#include <stdbool.h>
#include <stdint.h>

struct client_view;
struct engine;
struct job;
struct tls_probe;

/*
 * Renames by `was:`: shows the records of an old name under its new name, in
 * the generations of `s` and in `known` (which stays sorted), and lists in `s`
 * the renames that the state itself does not have yet.
 */
void observe_renamed(const struct fleet *f, struct snapshot *s, const struct component_seen *known,
		     size_t count);
/* Those of a generation of `s`, which the state may know by its owner's former name. */
MUST_CHECK bool observed_certificates(struct engine *en, const struct snapshot *s,
				      const struct generation *g, struct arena *a,
				      struct cert_set *out);
/* Carries the new names over into the state; nothing to do is fine. */
MUST_CHECK bool renamed_adopt(struct engine *en, const struct snapshot *s, struct err *e);
/*
 * Reads and checks every import; a bad one is recorded in the snapshot and is
 * not an error.  When confined, an import is the generation that was imported
 * from the same files before.
 */
MUST_CHECK bool observe_imports(struct engine *en, struct snapshot *s, struct err *e);

/* Content of an import's files. */
struct imported {
	struct pair pair;
	char file[SHA256_TEXT]; /* as in struct generation */
};
static inline void imported_release(struct imported *i)
{
	pair_release(&i->pair);
}
AUTO_STRUCT(imported, struct imported, imported_release)

/*
 * Import as read by the last observation: nothing is decoded again beside the
 * state's keys.  The files are read again and only hashed; ERR_STALE when they
 * changed, or were not readable at the observation.
 */
MUST_CHECK bool observed_import(const struct engine *en, const struct certificate *c,
				const struct imported **out, struct err *e);
/* Generation with source imported; its owner is the certificate. */
struct generation generation_of_import(const struct imported *i, const struct certificate *c,
				       struct arena *a);
/*
 * engine/observe_client_view.c: what clients see of each import that may be
 * desired, for its generations; what cannot be read stays unknown.
 */
void observe_client_views(struct engine *en, struct snapshot *s);
/* engine/backup_source.c: what --from-backup makes desired; without it nothing happens. */
MUST_CHECK bool observe_source(struct engine *en, struct snapshot *s, struct err *e);
/* Of certificates of an import; NULL: they cannot be read.  Lives in `a`. */
struct client_view *client_view_read(struct engine *en, const struct certificate *c,
				     const struct cert_set *set, struct arena *a);
/*
 * engine/observe_trust.c: hashes of the authorities and host keys we believe;
 * a saved plan is stale when they change.  ERR_INPUT: agents would be believed
 * by an authority that signs others too.
 */
MUST_CHECK bool observe_trust(struct engine *en, struct snapshot *s, struct err *e);
/* engine/observe_approvals.c: the rules of approval of the snapshot. */
MUST_CHECK bool observe_approvals(struct engine *en, struct snapshot *s, struct err *e);
/*
 * engine/observe_authority.c: watch for foreign CAs behind the certificates in
 * use.  Lives in the snapshot's arena; the result is the snapshot's `foreign`.
 */
struct authority_watch;
struct authority_watch *authority_watch_new(struct engine *en, struct snapshot *s);
/*
 * Checks a component's leaf.  `what`: "installed" or "served"; an empty leaf is
 * ignored.
 */
void authority_watch_leaf(struct authority_watch *w, const char *component, const char *what,
			  struct der leaf);
/* Checks a file that an issuer publishes. */
void authority_watch_file(struct authority_watch *w, const char *path, const struct secret *pem);
void authority_watch_end(struct authority_watch *w, struct snapshot *s);
/* Whether a CA of the issuer, present or past, has that key (pki/key_id.h). */
bool authority_watch_has(const struct authority_watch *w, const char *issuer, const char *key);

/*
 * engine/observe_operator.c: issuers of the operator's pair.  Read errors are
 * reported where the pair is used.
 */
void observe_operator(struct engine *en, const struct authority_watch *w, struct snapshot *s);
/* Whether the component installs a certificate at `path`, which is absolute. */
bool component_writes(const struct component *c, const char *path, struct arena *a);

/*
 * engine/observe_left.c: sets `left` of the components that were delivered to other
 * paths, by the state's record, than the fleet file says now.
 */
void observe_left(const struct fleet *f, struct snapshot *s);

/*
 * engine/observe_appmon.c: the job that asks the AppMon Server, of the strings of the
 * snapshot's arena; false: no component is a part of it.  observe_appmon() adds its
 * answer to what the driver has seen; `before` is what was remembered.
 */
bool appmon_job(struct engine *en, struct snapshot *s, struct job *out);
void observe_appmon(const struct component *c, const struct job *asked,
		    const struct observation *before, struct component_seen *row);
/* The collectors that are no component. */
void observe_undeclared(const struct fleet *f, const struct job *asked, struct snapshot *s);

/* Probes every component and every TLS port. */
MUST_CHECK bool observe_components(struct engine *en, struct snapshot *s, struct authority_watch *w,
				   struct err *e);

/*
 * engine/served_chain.c: flaw of a chain that a completed probe saw at `now`;
 * NULL: none.  Static memory.
 */
/* Compared with the generation that has the leaf. */
const char *served_flaw(const struct tls_probe *p, const struct generation *g,
			const struct cert_set *set, int64_t now);
/* Compared with the generation or the import that has the leaf. */
const char *observe_served_flaw(struct engine *en, const struct snapshot *s, int64_t now,
				const struct tls_probe *p);

#endif
