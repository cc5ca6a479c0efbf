/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/session.h"
#include "config/load.h"

static bool run(struct session *s, const struct call *call, int *status,
		struct err *e)
{
	AUTO(buf) text = { 0 };

	(void)call;
	(void)status;
	(void)e;
	schema_print(&text);
	terminal_put(&s->terminal, &text);
	return true;
}

const struct command command_schema = {
	.name = "schema",
	.words = "",
	.summary = "print the JSON Schema of the fleet file",
	.help = "For editors: they complete keys and show mistakes with it.",
	.run = run,
};
