/* SPDX-License-Identifier: Apache-2.0 */
#include "base/exit_status.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "engine/engine.h"

static bool needs_state(struct session *s, struct err *e)
{
	return session_has_state(s) ||
	       err_set(e, ERR_MISSING, "there is no state in '%s'; 'certfleet apply' makes it",
		       text_escaped(&s->arena, s->fleet.state.path));
}

/* ---- check ---- */

static bool run_state_check(struct session *s, const struct call *call, int *status, struct err *e)
{
	struct state_report report = { 0 };
	AUTO(buf) text = { 0 };

	(void)call;
	if (!needs_state(s, e) || !engine_check_state(s->engine, &s->arena, &report, e))
		return false;
	vec_each (line, &report.flaws.lines) {
		buf_printf(&text, "%s\n", *line);
	}
	if (report.unopened)
		buf_printf(&text, "the keys were not checked: %s\n", report.unopened);
	if (text.len)
		*status = EXIT_FAILED;
	else
		buf_printf(
			&text,
			"%s: %zu records are whole, and %zu keys open and fit their certificates\n",
			text_escaped(&s->arena, s->fleet.state.path), report.flaws.records,
			report.keys);
	term_print(&s->terminal, &text);
	return true;
}

const struct command command_state_check = {
	.name = "state check",
	.words = "",
	.summary = "prove that the state is whole and its keys open",
	.help = "Checks SQLite's integrity, every record, what records refer to, and with the\nsecret of 'seal' that every key opens and fits its certificate. Each flaw is\none line with its remedy. Exit status 0 when all is proven, else 1. Writes\nnothing.",
	.needs = NEEDS_FLEET | NEEDS_ENGINE,
	.run = run_state_check,
};
