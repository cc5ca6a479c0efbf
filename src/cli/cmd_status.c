/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/exit_status.h"
#include "base/fs.h"
#include "cli/command.h"
#include "cli/overwrite.h"
#include "cli/planning.h"
#include "cli/session.h"
#include "report/status.h"
#include "state/journal.h"
#include "json/value.h"

#include <string.h>

struct status_options {
	bool json;
	bool offline;
	const char *prometheus;
	const char *html;
	struct moment check;
	bool check_strict;
};

static const struct option options[] = {
	FLAG(struct status_options, json, .name = "json",
	     .help = "print it as JSON (schemas/status.schema.json)"),
	FLAG(struct status_options, offline, .name = "offline",
	     .help = "contact nothing, use the last observations"),
	TEXT(struct status_options, html, .name = "html", .argument = "FILE",
	     .help = "write it to FILE as a page for a browser, instead\n"
		     "                          of the table"),
	TEXT(struct status_options, prometheus, .name = "prometheus", .argument = "FILE",
	     .help = "write metrics to FILE, for the textfile collector of\n"
		     "                          Prometheus' node exporter, instead of the table"),
	DURATION(struct status_options, check, .name = "check",
		 .help = "exit with 2 when something is not as planned\n"
			 "                          or ends sooner"),
	FLAG(struct status_options, check_strict, .name = "check-strict",
	     .help = "with --check: also when something is not in-sync"),
	{ 0 },
};

static bool is_metrics(const char *text)
{
	return !strncmp(text, "# HELP certfleet_", strlen("# HELP certfleet_"));
}

static bool is_page(const char *text)
{
	/* also of what an older version wrote: a page of anybody else has no such policy */
	return strstr(text, "default-src 'none'; base-uri 'none'; form-action 'none'; script-src");
}

static bool read_runs(struct session *s, struct status_runs *out, struct err *e)
{
	struct run_record *runs = NULL;
	size_t count = 0;

	if (!session_runs(s, &runs, &count, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!runs[i].ended)
			continue;
		out->ended = runs[i].ended;
		out->exit_status = runs[i].exit_status;
		if (runs[i].exit_status == EXIT_DONE)
			out->succeeded = runs[i].ended;
	}
	return true;
}

/* Replaced as a whole, since the collector may read it at any time. */
static bool write_metrics(struct session *s, struct status *st, const char *path, struct err *e)
{
	AUTO(buf) text = { 0 };

	if (!read_runs(s, &st->runs, e))
		return false;
	status_render_prometheus(st, &text);
	return fs_replace(path, text.data, text.len, FS_PUBLIC, e);
}

static bool write_page(const struct status *st, const char *path, struct err *e)
{
	AUTO(buf) text = { 0 };

	status_render_html(st, &text);
	return fs_replace(path, text.data, text.len, FS_PUBLIC, e);
}

static bool cmd_status_show(struct session *s, struct status *st, const struct status_options *o,
			    struct err *e)
{
	AUTO(buf) text = { 0 };

	if (o->prometheus && !write_metrics(s, st, o->prometheus, e))
		return false;
	if (o->html && !write_page(st, o->html, e))
		return false;
	if (o->json) {
		AUTO(json) document = status_to_json(st);

		term_print_json(&s->terminal, document, false);
	} else if (!o->prometheus && !o->html) {
		status_render_text(st, s->terminal.color, &text);
		term_print(&s->terminal, &text);
	}
	return true;
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
	if (o->prometheus &&
	    !overwrite_check(o->prometheus, "file of metrics of certfleet's", is_metrics, e))
		return false;
	if (o->html && !overwrite_check(o->html, "page of certfleet's", is_page, e))
		return false;
	how.at = how.now;
	if (!planning_make(s, &how, &p, e))
		return false;
	status_make(&s->fleet, &p.snapshot, how.now, &s->arena, &st);
	status_add_plan(&st, &p.plan, &s->arena);
	st.offline = o->offline;
	if (!cmd_status_show(s, &st, o, e))
		return false;
	if (o->check.given && !status_check(&st, &check, &why)) {
		term_error(&s->terminal, &why);
		*status = EXIT_PENDING;
	}
	return true;
}

const struct command command_status = {
	.name = "status",
	.words = "[FILE]",
	.summary = "show what each component really serves",
	.help = "A component is in-sync only with evidence: a completed TLS handshake that\npresents the desired certificate, or the driver's own proof; one that no client\nwould accept is invalid. Tells what an apply could not do, too. Needs no\npassphrase of the state or the backups.",
	.needs = NEEDS_FLEET_WORD | NEEDS_ENGINE,
	.words_most = 1,
	.options = options,
	.options_size = sizeof(struct status_options),
	.run = cmd_status_run,
};
