/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command works in: the terminal, and the fleet and the engine once
 * they are open.  Opening tells the diagnostics of the fleet file.
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

struct session {
	struct arena arena;
	struct terminal terminal;
	bool verbose;
	const char *file;      /* the fleet file, unless a word names another */
	bool file_named;       /* --file was given */
	const char *directory; /* -C, as it was given; NULL: not */
	bool confined;         /* nobody has reviewed the fleet file */
	struct fleet fleet;
	struct engine *engine; /* NULL: not open */
	/* who hears what the engine tells; NULL: notes go to stderr */
	event_fn *listen;
	void *listen_ctx;
	bool changed; /* a run has done something: exit 1 would be a lie */
};

void session_release(struct session *s);
AUTO_STRUCT(session, struct session, session_release)

/* What the row of a command asks for. */
MUST_CHECK bool session_prepare(struct session *s, const struct command *c, const struct call *call,
				struct err *e);

/* ERR_INPUT when it is not there or invalid. */
MUST_CHECK bool session_load(struct session *s, const char *path, struct err *e);
/* The state, to read; nothing is written, and it may be missing. */
MUST_CHECK bool session_read(struct session *s, struct err *e);
/* The state, locked and made when it is missing. */
MUST_CHECK bool session_lock(struct session *s, int64_t wait_ms, const char *purpose,
			     struct err *e);
/* Whether there is a state; the engine must be open. */
bool session_has_state(const struct session *s);

#endif
