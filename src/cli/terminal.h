/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where words go: stdout gets what was asked for, stderr the rest.  A
 * progress line is shown on a terminal only and gives way to every other
 * line.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

#include <jansson.h>
#include <stdbool.h>

enum color {
	COLOR_AUTO,
	COLOR_ALWAYS,
	COLOR_NEVER
};

struct terminal {
	bool color; /* on stdout */
	bool quiet;
	bool interactive; /* somebody can be asked */
	bool progress;    /* stderr is a terminal */
	bool left;        /* whoever read stdout has gone */
	bool shown;       /* a progress line stands there */
};

void terminal_open(struct terminal *t, enum color color, bool quiet);

/* What was asked for. */
void terminal_put(struct terminal *t, const struct buf *text);
/* A document of many lines, or one line of a stream. */
void terminal_put_json(struct terminal *t, const json_t *json, bool one_line);
/* "certfleet: ..." on stderr; the second kind is left out when quiet. */
void terminal_error(struct terminal *t, const char *fmt, ...) PRINTF(2, 3);
void terminal_note(struct terminal *t, const char *fmt, ...) PRINTF(2, 3);
/* Lines for stderr as they are. */
void terminal_tell(struct terminal *t, const struct buf *text);
/* Replaces the progress line. */
void terminal_progress(struct terminal *t, const char *fmt, ...) PRINTF(2, 3);
void terminal_clear(struct terminal *t);
/* Asks; only yes or y is a yes. */
bool terminal_ask(struct terminal *t, const char *question);
/* False when something could not be written to stdout. */
MUST_CHECK bool terminal_close(struct terminal *t, struct err *e);

/* ---- cli/ask_passphrase.c ---- */

/* Passphrases named on the command line, never written there. */

/* `out` must be empty; one newline at the end is cut. */
MUST_CHECK bool passphrase_from_file(const char *path, struct secret *out, struct err *e);
/* Takes it out of the environment. */
MUST_CHECK bool passphrase_from_environment(const char *name, struct secret *out, struct err *e);

#endif
