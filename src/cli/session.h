/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session: the terminal, and the fleet and the engine once they are open.
 * Loading a fleet prints its diagnostics.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "base/arena.h"
#include "base/err.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "engine/engine.h"
#include "model/fleet.h"

#include <stdbool.h>
#include <stdint.h>

#define FLEET_FILE "certfleet.yaml"

struct run_record;

struct session {
	struct arena arena;
	struct terminal terminal;
	bool verbose;
	const char *file;      /* the fleet file, unless a word names another one */
	bool file_named;       /* --file was given */
	const char *directory; /* -C as it was given; NULL: not given */
	bool confined;         /* for a fleet file that was not reviewed */
	struct fleet fleet;
	struct engine *engine; /* NULL: not open */
	/* listener of the engine; NULL: notes go to stderr */
	event_fn *listen;
	void *listen_ctx;
	bool changed; /* a run has changed something, so exit status 1 would be wrong */
};

void session_release(struct session *s);
AUTO_STRUCT(session, struct session, session_release)

/* Opens what the row of the command requires. */
MUST_CHECK bool session_prepare(struct session *s, const struct command *c, const struct call *call,
				struct err *e);

/* ERR_INPUT when the fleet file is missing or invalid. */
MUST_CHECK bool session_load(struct session *s, const char *path, struct err *e);
/* Opens the state for reading; nothing is written, and it may be missing. */
MUST_CHECK bool session_read(struct session *s, struct err *e);
/*
 * Opens no state, for bundles; without a fleet file the fleet is empty, and `file` of the
 * session is not there.
 */
MUST_CHECK bool session_stateless(struct session *s, struct err *e);
/*
 * Locks the state, and creates it when it is missing.  While another process has
 * the lock, it is told which, and `wait` seconds are waited; ERR_BUSY then.
 */
MUST_CHECK bool session_lock(struct session *s, int64_t wait, const char *command, struct err *e);
/* Text for a lock: who holds it, since when, and for what; in the session's arena. */
const char *session_holder(struct session *s, const char *command);
/* The runs of the journal, the oldest first; none without a state.  In the session's arena. */
MUST_CHECK bool session_runs(struct session *s, struct run_record **out, size_t *count,
			     struct err *e);
/* True when there is a state; the engine must be open. */
bool session_has_state(const struct session *s);

#endif
