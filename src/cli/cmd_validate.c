/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "cli/command.h"
#include "cli/session.h"

#include <string.h>

/* "3 roles", "1 role" */
static void add_count(struct buf *out, size_t count, const char *what)
{
	buf_printf(out, ", %zu %s%s", count, what, count == 1 ? "" : "s");
}

static bool cmd_validate_run(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct fleet *f = &s->fleet;
	AUTO(buf) text = { 0 };

	(void)call;
	(void)status;
	if (f->approvals.required &&
	    (!session_stateless(s, e) || !engine_check_approvals(s->engine, e)))
		return false;
	if (s->terminal.quiet)
		return true;
	text_escape(&text, f->path, strlen(f->path));
	buf_puts(&text, " is valid: fleet '");
	text_escape(&text, f->name, strlen(f->name));
	buf_putc(&text, '\'');
	add_count(&text, f->issuer_count, "issuer");
	add_count(&text, f->certificate_count, "certificate");
	add_count(&text, f->component_count, "component");
	buf_putc(&text, '\n');
	term_print(&s->terminal, &text);
	return true;
}

const struct command command_validate = {
	.name = "validate",
	.words = "[FILE]",
	.summary = "check the fleet file, and nothing else",
	.help = "Reads the fleet file, its includes, its CSV files and the public keys of signers\nonly: no imports, no secrets, no state, no network. Every mistake is shown. Exit\nstatus 0 or 65.",
	.needs = NEEDS_FLEET_WORD,
	.words_most = 1,
	.run = cmd_validate_run,
};
