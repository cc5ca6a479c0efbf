/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/exit_status.h"
#include "cli/command.h"
#include "cli/planning.h"
#include "cli/session.h"
#include "report/status.h"
#include "json/value.h"

struct status_options {
	bool json;
	bool offline;
	struct moment check;
	bool check_strict;
};

static const struct option options[] = {
	FLAG(struct status_options, json, .name = "json",
	     .help = "print it as JSON (schemas/status.schema.json)"),
	FLAG(struct status_options, offline, .name = "offline",
	     .help = "contact nothing, use the last observations"),
	DURATION(struct status_options, check, .name = "check",
		 .help = "exit with 2 when something is not as planned\n"
			 "                          or ends sooner"),
	FLAG(struct status_options, check_strict, .name = "check-strict",
	     .help = "with --check: also when something is not in-sync"),
	LATER("html"),
	LATER("prometheus"),
	{ 0 },
};

static void cmd_status_show(struct session *s, const struct status *st, bool json)
{
	AUTO(buf) text = { 0 };

	if (json) {
		AUTO(json) document = status_to_json(st);

		term_print_json(&s->terminal, document, false);
		return;
	}
	status_render_text(st, s->terminal.color, &text);
	term_print(&s->terminal, &text);
}

static bool cmd_status_run(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct status_options *o = call->options;
	AUTO(planned) p = { 0 };
	AUTO(buf) why = { 0 };
	struct status st;
	const struct check check = { .within = o->check.seconds, .strict = o->check_strict };
	struct planning how = { .offline = o->offline, .now = clock_now() };

	if (o->check_strict && !o->check.given)
		return err_set(e, ERR_USAGE, "'--check-strict' needs '--check DURATION'");
	how.at = how.now;
	if (!planning_make(s, &how, &p, e))
		return false;
	status_make(&s->fleet, &p.snapshot, how.now, &s->arena, &st);
	status_add_plan(&st, &p.plan, &s->arena);
	st.offline = o->offline;
	cmd_status_show(s, &st, o->json);
	if (o->check.given && !status_check(&st, &check, &why)) {
		term_error(&s->terminal, &why);
		*status = EXIT_PENDING;
	}
	return true;
}

const struct command command_status = {
	.name = "status",
	.words = "[FILE]",
	.summary = "show the certificate that each component really serves",
	.help = "A component is in-sync only with evidence: a completed TLS handshake that\npresents the desired certificate, or the driver's own proof; one that no client\nwould accept is invalid. Tells what an apply could not do, too. Needs no\npassphrase of the state or the backups.",
	.needs = NEEDS_FLEET_WORD | NEEDS_ENGINE,
	.words_most = 1,
	.options = options,
	.options_size = sizeof(struct status_options),
	.run = cmd_status_run,
};
