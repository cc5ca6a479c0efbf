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
#include "model/observation.h"
#include "pki/foreign.h"

#include <stdbool.h>
#include <stddef.h>

struct installed_pair {
	const char *fingerprint; /* "" no leaf; NULL unreadable, see error */
	const char *spki;        /* of the leaf */
	const char *chain;
	const char *damage;
	const char *error;
	const struct der *certs;
	size_t count;
};

/* As far as an observation is about the installed pair. */
void installed_pair_observe(const struct installed_pair *v, struct observation *out);

/*
 * `parts` are those that belong there, `names` what to call them.  An absent
 * anchor is no damage, and neither is a key we may not read.
 */
struct pair_status {
	const struct pair_files *pieces;
	unsigned parts;
	const char *const *names; /* FILE_KIND_COUNT */
};
/* The pieces as they belong to a layout. */
struct pair_status pair_status_of(const struct layout *l, const struct pair_files *c);
void installed_pair_reach(const struct pair_status *j, struct arena *a, struct installed_pair *out);
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
void installed_pair_prospect(const struct pair_status *j, struct arena *a, struct prospects *out);

struct switch_order {
	const char *fingerprint;
	const char *replaces; /* NULL: whatever is there */
};

/* Whether it is a whole pair, and that of `fingerprint`. */
MUST_CHECK bool installed_pair_check(const struct pair_status *j, struct arena *a,
				     const char *fingerprint, struct err *e);
/* The pair in it, with its key, which must be empty; ERR_MISSING: none. */
MUST_CHECK bool installed_pair_read(const struct pair_status *j, struct arena *a,
				    struct cert_set *set, struct secret *key, struct err *e);

/*
 * Whether the switch from what is there may be turned: it is still what the
 * caller expects, or already `fingerprint`.  ERR_STALE when it is not.
 */
MUST_CHECK bool installed_pair_expect(const struct installed_pair *v, const char *path,
				      const struct switch_order *order, struct err *e);

/* Whether a file holds anything that may be taken for a certificate or key. */
MUST_CHECK bool pair_file_may_be_replaced(const struct pair_file *p, const char *name,
					  struct err *e);

#endif
