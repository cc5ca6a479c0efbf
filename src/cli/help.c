/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

enum {
	SUMMARY_COLUMN = 28
};

static bool help_is_in(const struct command *c, const char *group)
{
	size_t len = group ? strlen(group) : 0;

	return !group || (!strncmp(c->name, group, len) && c->name[len] == ' ');
}

static void add_command(const struct command *c, struct buf *out)
{
	size_t begin = out->len;

	buf_printf(out, "  %s%s%s", c->name, *c->words ? " " : "", c->words);
	do
		buf_putc(out, ' ');
	while (out->len - begin < SUMMARY_COLUMN);
	buf_printf(out, "%s\n", c->summary);
}

void help_commands(const char *group, struct buf *out)
{
	buf_printf(out, "usage: certfleet [OPTION...] %s%sCOMMAND ...\n\n", group ? group : "",
		   group ? " " : "");
	for (size_t i = 0; commands[i]; i++)
		if (commands[i]->summary && help_is_in(commands[i], group))
			add_command(commands[i], out);
	buf_puts(out, "\nOptions of every command:\n");
	options_help(common_options, out);
	buf_puts(out, "'certfleet COMMAND --help' tells more.\n");
}

void help_command(const struct command *c, struct buf *out)
{
	const char *title = "\nAlso:\n";

	buf_printf(out, "usage: certfleet %s%s%s%s%s\n\n%s\n", c->name,
		   c->options ? " [OPTION...]" : "", *c->words ? " " : "", c->words, "",
		   c->summary);
	if (c->help)
		buf_printf(out, "\n%s\n", c->help);
	if (c->options) {
		buf_puts(out, "\nOptions:\n");
		options_help(c->options, out);
	}
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->run || !help_is_in(commands[i], c->name))
			continue;
		buf_puts(out, title);
		title = "";
		add_command(commands[i], out);
	}
	buf_puts(out, "\nOptions of every command:\n");
	options_help(common_options, out);
}
