/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/session.h"
#include "config/load.h"

struct schema_options {
	bool agent;
};

static const struct option options[] = {
	FLAG(struct schema_options, agent, .name = "agent",
	     .help = "of an agent's own configuration instead"),
	{ 0 },
};

static bool cmd_schema_run(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct schema_options *o = call->options;
	AUTO(buf) text = { 0 };

	(void)status;
	(void)e;
	if (o->agent)
		schema_print_agent(&text);
	else
		schema_print(&text);
	term_print(&s->terminal, &text);
	return true;
}

const struct command command_schema = {
	.name = "schema",
	.words = "",
	.summary = "print the JSON Schema of the fleet file",
	.help = "For editors: they complete keys and show mistakes with it.",
	.options = options,
	.options_size = sizeof(struct schema_options),
	.run = cmd_schema_run,
};
