/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices whose verbs the fleet file declares itself, for the drivers `http` and
 * `command`.  Where a verb is not declared:
 *
 *	probe     the installed pair is unknown
 *	stage     commit does everything; stage only probes
 *	abort     nothing has been staged
 *	activate  commit has put the pair into use: probe must now report it
 *	revert    the former pair, which must be in the state, is staged and
 *	          committed again; a revert to nothing is `remove`
 *
 * Commit probes first: the installed pair must be the one that the plan expects
 * to replace; when it is the new pair already, nothing is done.
 */
#ifndef DRIVERS_DECLARED_H
#define DRIVERS_DECLARED_H

#include "base/arena.h"
#include "base/err.h"
#include "drivers/driver.h"
#include "model/fleet.h"

#include <stdbool.h>
#include <stddef.h>

struct declared {
	const char *what;         /* "request" or "command", for messages */
	unsigned verbs;           /* bits of enum declared_verb: those that there are */
	bool revert_to_something; /* `revert` needs a former pair */
};

/* Declared verbs that a job runs after it probed, in this order. */
struct declared_list {
	enum declared_verb verbs[2];
	size_t count;
};

MUST_CHECK bool declared_changes(const struct declared *d, const struct job *j,
				 struct declared_list *out, struct err *e);

/*
 * The fingerprint that a probe reports as text: hex in either case, with or
 * without colons, or the certificate as PEM; "" when the text is.  NULL: none.
 */
const char *declared_leaf(const char *text, struct arena *a);

/*
 * Whether a commit, or a remove, has something to do; `installed` is what a probe
 * just reported, NULL unknown.  ERR_STALE: another writer was there.
 */
MUST_CHECK bool declared_commit(const struct job *j, const char *installed, bool *due,
				struct err *e);
bool declared_remove(const struct job *j, const char *installed);
/* An activation without a verb of its own: whether the commit is what did it. */
MUST_CHECK bool declared_activate(const struct job *j, const char *installed, struct err *e);

#endif
