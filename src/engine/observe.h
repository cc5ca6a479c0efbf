/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of an observation: each fills its share of the snapshot.
 */
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
struct tls_probe;

/*
 * `was:`: shows what is remembered of OLD under its new name, in the
 * generations of `s` and in `known` (which stays sorted), and lists in `s`
 * what the state itself still has to learn.
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
 * Reads and lints every import; a bad one is remembered, not an error.
 * Confined, an import is what was imported from the same files before.
 */
MUST_CHECK bool observe_imports(struct engine *en, struct snapshot *s, struct err *e);

/* What an import's files hold. */
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
 * The import as the last observation read it: what is decoded once is not
 * decoded again beside the state's keys.  Its files are read again and only
 * hashed; ERR_STALE when they are others, or were not fit to be read then.
 */
MUST_CHECK bool observed_import(const struct engine *en, const struct certificate *c,
				const struct imported **out, struct err *e);
/* Of source imported; its owner is the certificate. */
struct generation generation_of_import(const struct imported *i, const struct certificate *c,
				       struct arena *a);
/*
 * engine/observe_client_view.c: what clients see of each import that may be
 * desired, for its generations; what cannot be read stays unknown.
 */
void observe_client_views(struct engine *en, struct snapshot *s);
/* Of certificates of an import; NULL: they cannot be read.  Lives in `a`. */
struct client_view *client_view_read(struct engine *en, const struct certificate *c,
				     const struct cert_set *set, struct arena *a);
/*
 * engine/observe_trust.c: hashes of the authorities and host keys we believe;
 * a saved plan is stale when they change.  ERR_INPUT: agents would be believed
 * by an authority that signs others too.
 */
MUST_CHECK bool observe_trust(struct engine *en, struct snapshot *s, struct err *e);
/*
 * engine/observe_authority.c: who signed what is in use.  Lives in the
 * snapshot's arena; what it found becomes `foreign` of the snapshot.
 */
struct authority_watch;
struct authority_watch *authority_watch_new(struct engine *en, struct snapshot *s);
/* `what`: "installed" or "served"; a leaf without bytes is none. */
void authority_watch_leaf(struct authority_watch *w, const char *component, const char *what,
			  struct der leaf);
/* A file that an issuer publishes. */
void authority_watch_file(struct authority_watch *w, const char *path, const struct secret *pem);
void authority_watch_end(struct authority_watch *w, struct snapshot *s);
/* Whether an authority of the issuer, now or before, has that key (pki/key_id.h). */
bool authority_watch_has(const struct authority_watch *w, const char *issuer, const char *key);

/*
 * engine/observe_operator.c: the issuers of the operator's pair; what cannot
 * be read of it is told where it is used.
 */
void observe_operator(struct engine *en, const struct authority_watch *w, struct snapshot *s);
/* Whether the component writes a certificate there; `path` is absolute. */
bool component_writes(const struct component *c, const char *path, struct arena *a);

/* Asks every component, and every port what it serves. */
MUST_CHECK bool observe_components(struct engine *en, struct snapshot *s, struct authority_watch *w,
				   struct err *e);

/* engine/served_chain.c: what is wrong with a chain a completed probe saw at `now`,
 * in static memory. */
/* Against the generation whose leaf it is; NULL: nothing. */
const char *served_flaw(const struct tls_probe *p, const struct generation *g,
			const struct cert_set *set, int64_t now);
/* Against whatever is known of that leaf; NULL: nothing. */
const char *observe_served_flaw(struct engine *en, const struct snapshot *s, int64_t now,
				const struct tls_probe *p);

#endif
