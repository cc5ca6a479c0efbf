/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of a pair amount to: whose leaf it is, and whether
 * everything agrees with it.  Strings in the arena.
 */
#ifndef PLACE_VERDICT_H
#define PLACE_VERDICT_H

#include "base/arena.h"
#include "model/certs.h"
#include "place/pieces.h"

struct verdict {
	const char *fingerprint; /* "" no leaf; NULL unreadable, see error */
	const char *spki;        /* of the leaf */
	const char *chain;
	const char *damage;
	const char *error;
	const struct der *certs;
	size_t count;
};

/*
 * `parts` are those that belong there, `names` what to call them.  An absent
 * anchor is no damage, and neither is a key we may not read.
 */
struct judged {
	const struct pieces *pieces;
	unsigned parts;
	const char *const *names; /* PART_COUNT */
};
void verdict_reach(const struct judged *j, struct arena *a,
		   struct verdict *out);

/* Whether a file holds anything that may be taken for a certificate or key. */
bool piece_is_ours_to_replace(const struct piece *p);

#endif
