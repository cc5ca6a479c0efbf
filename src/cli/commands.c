/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <stddef.h>

/* Reserved names of commands that are not implemented yet. */
static const struct command later[] = {
	{ .name = "init" },
	{ .name = "inspect" },
	{ .name = "backup export" },
};

const struct command *const commands[] = {
	&command_validate,
	&command_plan,
	&command_plan_show,
	&command_apply,
	&command_status,
	&command_history,
	&command_backup_create,
	&command_backup_list,
	&command_backup_verify,
	&command_backup_restore,
	&command_state_check,
	&command_agent,
	&command_agent_invite,
	&command_agent_enrol,
	&command_agent_accept,
	&command_schema,
	&later[0],
	&later[1],
	&later[2],
	NULL,
};
