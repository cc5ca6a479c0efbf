/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answers of `certfleet init`: texts of the command line or of a terminal,
 * collected in a starter (config/starter.h).  Each answers_*() takes one text.  False:
 * it makes no sense, and the starter is as before; `e` is ERR_USAGE or the reason why
 * what it names cannot be read.
 */
#ifndef CLI_INIT_ANSWERS_H
#define CLI_INIT_ANSWERS_H

#include "base/arena.h"
#include "base/err.h"
#include "cli/options.h"
#include "config/starter.h"

#include <stdbool.h>

struct terminal;

struct answers {
	struct arena *arena;
	const char *path;      /* of the fleet file that will be written */
	const char *directory; /* its directory, absolute */
	struct starter starter;
};

/* With a name for the fleet, and for a new authority. */
void answers_init(struct answers *a, struct arena *arena, const char *path);

/* "CN=shop.example.com" */
MUST_CHECK bool answers_subject(struct answers *a, const char *text, struct err *e);
/* "shop.example.com,10.0.0.5" */
MUST_CHECK bool answers_names(struct answers *a, const char *text, struct err *e);
/* "self", or a name for a new authority. */
MUST_CHECK bool answers_issuer(struct answers *a, const char *text, struct err *e);
MUST_CHECK bool answers_validity(struct answers *a, const char *text, struct err *e);
/* The path of a file: its form is found by its content. */
MUST_CHECK bool answers_import(struct answers *a, const char *text, struct err *e);
MUST_CHECK bool answers_password_file(struct answers *a, const char *text, struct err *e);
/* "immediate" or "postponed" */
MUST_CHECK bool answers_restart(struct answers *a, const char *text, struct err *e);

/* "NAME=DRIVER:WHERE" */
MUST_CHECK bool answers_component(struct answers *a, const char *text, struct err *e);
/* "NAME=unit:UNIT", "NAME=signal:HUP:PIDFILE", "NAME=reload:WORDS", "NAME=command:WORDS" */
MUST_CHECK bool answers_activate(struct answers *a, const char *text, struct err *e);
/* "NAME=HOST:PORT[/PROTOCOL]" */
MUST_CHECK bool answers_verify(struct answers *a, const char *text, struct err *e);
/* The forms of WHERE, a line each, for help. */
void answers_drivers(struct buf *out);

/* ---- init_adopt.c: what runs today ---- */

/* "CERT,KEY[@HOST:PORT[/PROTOCOL]]": an import, delivered where it lies already. */
MUST_CHECK bool answers_from_files(struct answers *a, const char *text, struct err *e);
/* "HOST:PORT[/PROTOCOL]", all of them: names and port of what each serves. */
MUST_CHECK bool answers_from_probes(struct answers *a, const struct texts *ports, struct err *e);

/* ---- init_ask.c: the interview on a terminal ---- */

/* Asks for what no option gave, explains it, and asks again when an answer makes no sense. */
struct interview {
	struct terminal *terminal;
	struct answers *answers;
	const char *const *given; /* names of the options that were given; ends with NULL */
	/* whether the answers so far make a valid fleet file */
	bool (*check)(void *ctx, struct err *e);
	void *check_ctx;
};

/* ERR_STOPPED: the person has ended it. */
MUST_CHECK bool init_ask(struct interview *i, struct err *e);

/* ---- between these files ---- */

/* A name of the fleet file made of a text, which no certificate or component has yet. */
const char *answers_new_name(const struct answers *a, const char *text);
/* A path as the fleet file writes it. */
const char *answers_path(const struct answers *a, const char *text);
/* Reads "HOST:PORT[/PROTOCOL]"; without a protocol, the one its port is known for. */
MUST_CHECK bool answers_port(const struct answers *a, const char *text, struct starter_component *c,
			     struct err *e);

#endif
