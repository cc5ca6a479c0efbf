/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a fleet file, its includes and its CSV inventories into a fleet.
 *
 * It reads those files and nothing else: no imports, no secrets, no state.
 * Every mistake becomes a diagnostic with its position; the fleet is only
 * filled when there is none.
 *
 * Limits (each named in its own message): file 64 MiB, 64 levels, 16 million
 * events, aliases expanding to 1 million nodes, 64 includes, 100,000 items in
 * a group, 1 million components, 4 KiB in one text.
 */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "model/agent_config.h"
#include "model/fleet.h"

#include <stdbool.h>

/*
 * Checks an RFC 4514 name and gives its canonical form and its commonName
 * (NULL when it has none), both in `a`.  Handed in, because names are the
 * business of pki/.
 */
typedef bool subject_fn(const char *text, struct arena *a, const char **canonical, const char **cn,
			struct err *e);

/*
 * ERR_INPUT when the fleet file was rejected; `diags` then says why, and may
 * hold warnings on success.  `fleet` must be empty; its arena then holds the
 * text of the sources, and when the file was rejected nothing else.  `diags`
 * borrows those texts: render it before the fleet is released.
 */
MUST_CHECK bool load_fleet(const char *path, subject_fn *subject, struct fleet *fleet,
			   struct diags *diags, struct err *e);

/*
 * The same for a file that nobody has reviewed: it too must lie beneath its
 * directory, so a symbolic link leads nowhere else, and no line of it is
 * shown unless it begins as a fleet file does.
 */
MUST_CHECK bool load_fleet_beneath(const char *path, subject_fn *subject, struct fleet *fleet,
				   struct diags *diags, struct err *e);

/*
 * The same for an agent's own configuration, which has no includes, secrets
 * or placeholders.
 */
MUST_CHECK bool load_agent(const char *path, subject_fn *subject, struct agent_config *out,
			   struct diags *diags, struct err *e);

/* How entries of `allow` are read, and where to. */
struct caller_arena {
	subject_fn *subject;
	struct arena *arena;
};

/* One entry of an agent's `allow`. */
MUST_CHECK bool caller_parse(const char *text, const struct caller_arena *to,
			     struct agent_caller *out, struct err *e);

/*
 * The fleet as canonical text: defaults filled, includes and CSV expanded,
 * paths relative to the fleet file, secret references by name.  Comments,
 * order and the checkout's place do not show in it.  The spec digest is made
 * from it.
 */
void fleet_canonical(const struct fleet *f, struct buf *out);

/* The JSON Schemas of both files, as kept in schemas/. */
void schema_print(struct buf *out);
void schema_print_agent(struct buf *out);

#endif
