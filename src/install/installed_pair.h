/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of a pair amount to: whose leaf it is, and whether
 * everything agrees with it.  Strings in the arena.
 */
#ifndef INSTALL_INSTALLED_PAIR_H
#define INSTALL_INSTALLED_PAIR_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "install/layout.h"
#include "install/pair_files.h"
#include "model/certs.h"
#include "pki/foreign.h"

#include <stdbool.h>
#include <stddef.h>

struct verdict {
	const char *fingerprint; /* "" no leaf; NULL unreadable, see error */
	const char *spki;        /* of the leaf */
	const char *chain;
	const char *damage;
	const char *error;
	const struct der *certs;
	size_t count;
};

/* Its leaf; len 0: none. */
static inline struct der verdict_leaf(const struct verdict *v)
{
	return v->fingerprint && v->count ? v->certs[0] : (struct der){ 0 };
}

/*
 * `parts` are those that belong there, `names` what to call them.  An absent
 * anchor is no damage, and neither is a key we may not read.
 */
struct judged {
	const struct pieces *pieces;
	unsigned parts;
	const char *const *names; /* PART_COUNT */
};
/* The pieces as they belong to a layout. */
struct judged judged_of(const struct layout *l, const struct pieces *c);
void verdict_reach(const struct judged *j, struct arena *a, struct verdict *out);
/*
 * What will have to be decoded for a verdict: the leaf and the keys, to be
 * handed to foreign_learn() for many verdicts at once.  The bytes are
 * borrowed from the pieces and the arena.
 */
struct prospects {
	struct foreign *items;
	size_t count;
	size_t room;
};
void prospects_release(struct prospects *p);
AUTO_STRUCT(prospects, struct prospects, prospects_release)
void verdict_prospect(const struct judged *j, struct arena *a, struct prospects *out);

struct switch_order {
	const char *fingerprint;
	const char *replaces; /* NULL: whatever is there */
};

/* Whether it is a whole pair, and that of `fingerprint`. */
MUST_CHECK bool verdict_check(const struct judged *j, struct arena *a, const char *fingerprint,
			      struct err *e);
/* The pair in it, with its key, which must be empty; ERR_MISSING: none. */
MUST_CHECK bool verdict_read(const struct judged *j, struct arena *a, struct cert_set *set,
			     struct secret *key, struct err *e);

/*
 * Whether the switch from what is there may be turned: it is still what the
 * caller expects, or already `fingerprint`.  ERR_STALE when it is not.
 */
MUST_CHECK bool verdict_expect(const struct verdict *v, const char *path,
			       const struct switch_order *order, struct err *e);

/* Whether a file holds anything that may be taken for a certificate or key. */
MUST_CHECK bool piece_may_be_replaced(const struct piece *p, const char *name, struct err *e);

#endif
