/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading a fleet file, its includes and its CSV inventories into a fleet.
 *
 * Only those files are read: no imports, no secrets, no state.  Every mistake
 * becomes a diagnostic with its position; the fleet is only filled when there
 * is none.
 *
 * Limits (each with its own message): 64 MiB in a file, 128 MiB in all, 64
 * levels, 16 million events, aliases expanding to 1 million nodes, 64 includes,
 * 100,000 items in a group, 100,000 components, 4 KiB in one text.
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
 * Checks an RFC 4514 name and returns its canonical form and its commonName
 * (NULL without one), both in `a`.  A parameter, because names are parsed in
 * pki/.
 */
typedef bool subject_fn(const char *text, struct arena *a, const char **canonical, const char **cn,
			struct err *e);

/*
 * ERR_INPUT when the fleet file is invalid; `diags` then has the reasons, and
 * on success may have warnings.  `fleet` must be empty; its arena then holds
 * the text of the sources, and when the file is invalid nothing else.  `diags`
 * borrows those texts: render it before the fleet is released.
 */
MUST_CHECK bool load_fleet(const char *path, subject_fn *subject, struct fleet *fleet,
			   struct diags *diags, struct err *e);

/* The same for a text that is not written to `path` yet. */
MUST_CHECK bool load_fleet_text(const char *path, const struct buf *text, subject_fn *subject,
				struct fleet *fleet, struct diags *diags, struct err *e);

/*
 * As load_fleet(), for a file that was not reviewed: the file itself must lie beneath
 * its directory, so that a symbolic link leads nowhere else, and none of its
 * lines is shown unless it begins like a fleet file.
 */
MUST_CHECK bool load_fleet_beneath(const char *path, subject_fn *subject, struct fleet *fleet,
				   struct diags *diags, struct err *e);

/*
 * The same for an agent's own configuration, which has no includes, secrets or
 * placeholders.
 */
MUST_CHECK bool load_agent(const char *path, subject_fn *subject, struct agent_config *out,
			   struct diags *diags, struct err *e);

/* Parser for names, and arena for the result. */
struct allowed_client_arena {
	subject_fn *subject;
	struct arena *arena;
};

/* Parses one entry of an agent's `allow`. */
MUST_CHECK bool allowed_client_parse(const char *text, const struct allowed_client_arena *to,
				     struct allowed_client *out, struct err *e);

/*
 * The fleet as canonical text: defaults filled in, includes and CSV expanded,
 * paths relative to the fleet file, secret references by name.  Independent of
 * comments, order and the place of the checkout.  The spec digest is computed
 * from it.
 */
void fleet_canonical(const struct fleet *f, struct buf *out);

/* The JSON Schemas of both files; schemas/ has copies. */
void schema_print(struct buf *out);
void schema_print_agent(struct buf *out);

#endif
