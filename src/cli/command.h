/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command is one row: its name, what follows it, what it needs opened, its
 * options and what it does.  Each lives in cmd_NAME.c.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/err.h"
#include "cli/options.h"

#include <stdbool.h>
#include <stddef.h>

struct session;

/* Opened by the session before the command runs. */
enum {
	NEEDS_FLEET_WORD = 1 << 0, /* the fleet file of the first word */
	NEEDS_FLEET = 1 << 1,      /* the one in the working directory */
	NEEDS_ENGINE = 1 << 2,     /* the state, read only */
};

/* One call of a command. */
struct call {
	const void *options; /* what its table filled in */
	const char *const *words;
	size_t word_count;
};

/*
 * Sets `status` (0 before) and returns true; or returns false, and the error
 * is told and decides the exit status.
 */
typedef bool command_fn(struct session *s, const struct call *call, int *status, struct err *e);

/* What the session must know of the options before it opens anything. */
typedef bool configure_fn(struct session *s, const struct call *call, struct err *e);

struct command {
	const char *name;  /* "plan", or "plan show" */
	const char *words; /* "[FILE]" */
	const char *summary;
	const char *help; /* what the summary does not say; NULL */
	unsigned needs;
	size_t words_least;
	size_t words_most;
	const struct option *options; /* NULL: none of its own */
	size_t options_size;
	configure_fn *configure; /* NULL: nothing */
	command_fn *run;         /* NULL: has its name, but is not built yet */
};

extern const struct command command_validate, command_plan, command_plan_show, command_apply,
	command_status, command_history, command_backup_create, command_backup_list,
	command_backup_verify, command_schema, command_agent, command_agent_invite,
	command_agent_enrol, command_agent_accept;

/* In the order of the help; ends with NULL. */
extern const struct command *const commands[];

#endif
