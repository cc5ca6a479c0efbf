/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal: stdout gets the requested output, stderr everything else.  A
 * progress line is shown on a terminal only, and gives way to every other line.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "base/buf.h"
#include "base/err.h"

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
	bool interactive; /* a person can answer questions */
	bool progress;    /* stderr is a capable terminal */
	bool left;        /* the reader of stdout is gone */
	bool shown;       /* a progress line is visible */
};

void terminal_open(struct terminal *t, enum color color, bool quiet);

/* Prints requested output to stdout. */
void term_print(struct terminal *t, const struct buf *text);
/* Prints a document of many lines, or one line of a stream. */
void term_print_json(struct terminal *t, const json_t *json, bool one_line);
/* "certfleet: ..." on stderr; notes are omitted when quiet. */
void terminal_error(struct terminal *t, const char *fmt, ...) PRINTF(2, 3);
void term_note(struct terminal *t, const char *fmt, ...) PRINTF(2, 3);
/* Prints lines unchanged to stderr. */
void term_error(struct terminal *t, const struct buf *text);
/* Replaces the progress line. */
void terminal_progress(struct terminal *t, const char *fmt, ...) PRINTF(2, 3);
void terminal_clear(struct terminal *t);
/* Asks a question; only yes or y counts as yes. */
bool terminal_ask(struct terminal *t, const char *question);
/* Asks for a line, without its end; false at the end of the input, and on a stop. */
bool terminal_line(struct terminal *t, const char *prompt, struct buf *answer);
/* False when writing to stdout has failed. */
MUST_CHECK bool terminal_close(struct terminal *t, struct err *e);

#endif
