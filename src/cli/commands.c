/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <stddef.h>

/* Reserved names of commands that are not implemented yet. */
static const struct command later[] = {
	{ .name = "inspect" },
};

/* Commands with a second word, which the first help lists as one line. */
static const struct command backup_group = {
	.name = "backup",
	.words = "COMMAND",
	.summary = "make, prove and restore bundles of all keys",
};
static const struct command state_group = {
	.name = "state",
	.words = "COMMAND",
	.summary = "prove, export, import or seal anew the state",
};

const struct command *const commands[] = {
	&command_init,
	&command_validate,
	&command_plan,
	&command_plan_show,
	&command_approve,
	&command_apply,
	&command_status,
	&command_forecast,
	&command_explain,
	&command_history,
	&command_notify,
	&backup_group,
	&command_backup_create,
	&command_backup_list,
	&command_backup_verify,
	&command_backup_export,
	&command_backup_restore,
	&state_group,
	&command_state_check,
	&command_state_export,
	&command_state_import,
	&command_state_reseal,
	&command_agent,
	&command_agent_invite,
	&command_agent_enrol,
	&command_agent_accept,
	&command_schema,
	&command_completion,
	&later[0],
	NULL,
};
