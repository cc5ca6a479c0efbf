/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command: one row with its name, its words and options, what it needs
 * opened, and its function.  Each command has its own cmd_NAME.c.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/err.h"
#include "cli/options.h"

#include <stdbool.h>
#include <stddef.h>

struct session;

/* Flags: what the session opens before the command runs. */
enum {
	NEEDS_FLEET_WORD = 1 << 0, /* the fleet file given as first word */
	NEEDS_FLEET = 1 << 1,      /* the fleet file in the working directory */
	NEEDS_ENGINE = 1 << 2,     /* the state, read-only */
};

/* One invocation of a command. */
struct call {
	const void *options; /* the struct that its option table fills */
	const char *const *words;
	size_t word_count;
};

/*
 * Sets `status` (initially 0) and returns true; or returns false, and the error
 * is printed and determines the exit status.
 */
typedef bool command_fn(struct session *s, const struct call *call, int *status, struct err *e);

/* Passes options to the session before it opens anything. */
typedef bool configure_fn(struct session *s, const struct call *call, struct err *e);

struct command {
	const char *name;  /* "plan", or "plan show" */
	const char *words; /* "[FILE]" */
	const char *summary;
	const char *help; /* details beyond the summary; NULL: none */
	unsigned needs;
	size_t words_least;
	size_t words_most;
	const struct option *options; /* NULL: no options of its own */
	size_t options_size;
	configure_fn *configure; /* NULL: not needed */
	command_fn *run;         /* NULL: a group, or a reserved name without summary */
};

extern const struct command command_init, command_validate, command_plan, command_plan_show,
	command_approve, command_apply, command_status, command_forecast, command_explain,
	command_history, command_notify, command_backup_create, command_backup_list,
	command_backup_export, command_backup_verify, command_backup_restore, command_state_check,
	command_state_export, command_state_import, command_state_reseal, command_schema,
	command_agent, command_agent_invite, command_agent_enrol, command_agent_accept,
	command_completion;

/* In the order of the help; ends with NULL. */
extern const struct command *const commands[];

#endif
