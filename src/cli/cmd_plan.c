/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/exit_status.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "cli/apply_command.h"
#include "cli/command.h"
#include "cli/plan_file.h"
#include "cli/planning.h"
#include "cli/session.h"
#include "engine/plan_signature.h"
#include "plan/planner.h"
#include "json/value.h"

struct plan_options {
	const char *out;
	const char *report;
	bool json;
	bool markdown;
	bool detailed_exitcode;
	bool offline;
	bool confined;
	struct moment at;
	struct moment valid_for;
	const char *sign;
	struct chosen chosen;
};

static const struct option options[] = {
	TEXT(struct plan_options, out, .name = "out", .argument = "PLAN",
	     .help = "save the plan, to be applied as it is"),
	FLAG(struct plan_options, json, .name = "json",
	     .help = "print it as JSON (schemas/plan.schema.json)"),
	FLAG(struct plan_options, markdown, .name = "markdown",
	     .help = "print it as Markdown, for a pull request's comment"),
	TEXT(struct plan_options, report, .name = "report", .argument = "FILE",
	     .help = "list who has a step or a precondition, .csv or .json"),
	FLAG(struct plan_options, detailed_exitcode, .name = "detailed-exitcode",
	     .help = "2 changes, else 4 blocked, 3 needs --ack, 0 none"),
	CHOSEN_OPTIONS(struct plan_options, chosen),
	FLAG(struct plan_options, offline, .name = "offline",
	     .help = "contact nothing, use the last observations"),
	FLAG(struct plan_options, confined, .name = "confined",
	     .help = "for a fleet file nobody has reviewed: offline, no\n"
		     "                          secret, no child, nothing from elsewhere"),
	TIME(struct plan_options, at, .name = "at",
	     .help = "look ahead: what would it be at this time"),
	DURATION(struct plan_options, valid_for, .name = "valid-for",
		 .help = "how long it may be applied; else 72h, at most 14d"),
	TEXT(struct plan_options, sign, .name = "sign", .argument = "KEY",
	     .help = "sign it as its maker, whose approval does not count"),
	{ 0 },
};

static const struct option show_options[] = {
	FLAG(struct plan_options, json, .name = "json",
	     .help = "print it as JSON (schemas/plan.schema.json)"),
	FLAG(struct plan_options, markdown, .name = "markdown",
	     .help = "print it as Markdown, for a pull request's comment"),
	{ 0 },
};

static void cmd_plan_show(struct session *s, const struct plan *p, const struct plan_options *o)
{
	AUTO(buf) text = { 0 };

	if (o->json) {
		AUTO(json) document = plan_to_json(p);

		term_print_json(&s->terminal, document, false);
		return;
	}
	if (o->markdown)
		plan_render_markdown(p, &text);
	else
		plan_render_text(p, s->verbose, s->terminal.color, &text);
	term_print(&s->terminal, &text);
}

static bool check_one_form(const struct plan_options *o, struct err *e)
{
	return !o->json || !o->markdown ||
	       err_set(e, ERR_USAGE, "'--json' and '--markdown' exclude each other");
}

/* Runs before the fleet file is read, so that nothing in it can cause outside contact. */
static bool configure(struct session *s, const struct call *call, struct err *e)
{
	const struct plan_options *o = call->options;

	s->confined = o->confined;
	return check_one_form(o, e) && (!o->confined || sandbox_confine(e));
}

/* A saved plan must be about the present and about fresh observations. */
static bool cmd_plan_check_options(const struct plan_options *o, struct err *e)
{
	if (o->offline && o->confined)
		return err_set(
			e, ERR_USAGE,
			"'--offline' and '--confined' exclude each other: a confined plan is offline already");
	if (o->confined && o->chosen.from_backup)
		return err_set(
			e, ERR_USAGE,
			"'--confined' and '--from-backup' exclude each other: a bundle needs its passphrase");
	if (o->valid_for.given &&
	    (o->valid_for.seconds < 1 || o->valid_for.seconds > PLAN_VALID_MOST))
		return err_set(e, ERR_USAGE,
			       "'--valid-for' must be at least a second and at most 14 days");
	if (o->sign && !o->out)
		return err_set(e, ERR_USAGE, "'--sign' goes with '--out'");
	if (o->sign && o->confined)
		return err_set(
			e, ERR_USAGE,
			"'--confined' and '--sign' exclude each other: a confined plan reads no key");
	if (o->out && o->offline)
		return err_set(
			e, ERR_USAGE,
			"'--out' and '--offline' exclude each other: a saved plan needs the fleet as it is now");
	if (o->out && o->at.given)
		return err_set(e, ERR_USAGE,
			       "'--out' and '--at' exclude each other: a saved plan starts now");
	return (!o->out || saved_may_write(o->out, e)) &&
	       (!o->report || affected_may_write(o->report, e));
}

/* Prints the apply command on a line of its own, for copying; never cut. */
static void note_command(struct session *s, const char *plan_path, const char *fleet_file,
			 const struct choices *c)
{
	AUTO(buf) text = { 0 };

	buf_puts(&text, "  ");
	apply_command(s, plan_path, fleet_file, c, &text);
	buf_putc(&text, '\n');
	if (!s->terminal.quiet)
		term_error(&s->terminal, &text);
}

static bool sign_saved(const struct plan_options *o, const struct plan_signer *signer,
		       const struct plan *p, struct err *e)
{
	AUTO(arena) a = { 0 };
	const struct plan saved = plan_saved_form(p, &a);
	const struct plan_identity plan = saved_identity(o->out, &saved, &a);

	return !signer || plan_sign(signer, &plan, e);
}

static bool write_files(struct session *s, const struct plan_options *o,
			const struct plan_signer *signer, const struct plan *p, struct err *e)
{
	AUTO(arena) a = { 0 };

	if (o->report && !affected_write(o->report, &s->fleet, p, e))
		return false;
	if (!o->out)
		return true;
	if (!saved_write(o->out, p, s->fleet.path, e) || !sign_saved(o, signer, p, e))
		return false;
	if (s->confined)
		term_note(
			&s->terminal,
			"confined: an apply refuses it as stale unless everything is still as it was last seen");

	term_note(&s->terminal, "saved to '%s'; apply it with:", text_escaped(&a, o->out));
	note_command(s, o->out, s->fleet.path, &p->choices);
	return true;
}

static int detailed_status(const struct plan *p)
{
	return plan_has_work(p) ? EXIT_PENDING : plan_waiting_status(p);
}

/* With --offline: prints the age of the observations behind the plan. */
static void note_age(struct session *s, const struct snapshot *snapshot)
{
	int64_t oldest = 0;
	char when[TIME_TEXT];

	for (size_t i = 0; i < snapshot->component_count; i++) {
		int64_t at = snapshot->components[i].now.observed_at;

		if (at && (!oldest || at < oldest))
			oldest = at;
	}
	if (oldest)
		term_note(&s->terminal,
			  "no component was contacted; the last observations are of %s or later",
			  time_format(oldest, when));
	else
		term_note(&s->terminal, "no component was contacted, and none was observed before");
}

static bool cmd_plan_run(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct plan_options *o = call->options;
	AUTO(planned) p = { 0 };
	AUTO(plan_signer) signer = NULL;
	struct planning how = { .offline = o->offline || o->confined,
				.now = clock_now(),
				.valid_for = o->valid_for.seconds,
				.choices = chosen_choices(&o->chosen, &s->arena) };

	how.at = o->at.given ? o->at.seconds : how.now;
	if (!cmd_plan_check_options(o, e) || !chosen_check(&o->chosen, e) ||
	    (o->sign && !plan_signer_open(o->sign, &signer, e)))
		return false;
	how.maker = signer ? plan_signer_key(signer) : NULL;
	if (!engine_check_seal(s->engine, e) || !chosen_open_backup(s, &o->chosen, e) ||
	    !planning_make(s, &how, &p, e))
		return false;
	if (how.offline)
		note_age(s, &p.snapshot);
	cmd_plan_show(s, &p.plan, o);
	planning_tell_postponed(s, &p);
	if (!write_files(s, o, signer, &p.plan, e))
		return false;
	if (o->detailed_exitcode)
		*status = detailed_status(&p.plan);
	return true;
}

static bool run_show(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct plan_options *o = call->options;
	AUTO(saved) saved = { 0 };

	(void)status;
	if (!check_one_form(o, e) || !saved_read(call->words[0], &saved, e))
		return false;
	cmd_plan_show(s, &saved.plan, o);
	term_note(
		&s->terminal,
		"made from the fleet file '%s'; apply reads the one named on its command line, and needs the options of the plan again:",
		text_escaped(&s->arena, saved.fleet_file));
	note_command(s, call->words[0], s->file, &saved.plan.choices);
	return true;
}

const struct command command_plan = {
	.name = "plan",
	.words = "[FILE]",
	.summary = "show the steps of an apply; reads, never writes",
	.help = "Looks at the state, the imports, the components and their TLS ports. Needs no\npassphrase of the state or the backups. Exit status 0 whenever a plan was made.",
	.needs = NEEDS_FLEET_WORD | NEEDS_ENGINE,
	.words_most = 1,
	.options = options,
	.options_size = sizeof(struct plan_options),
	.configure = configure,
	.run = cmd_plan_run,
};

const struct command command_plan_show = {
	.name = "plan show",
	.words = "PLAN",
	.summary = "show a saved plan",
	.help = "Shows what apply compares with a plan of its own. Of components without a step a\nsaved plan says nothing but how many there are.",
	.words_least = 1,
	.words_most = 1,
	.options = show_options,
	.options_size = sizeof(struct plan_options),
	.run = run_show,
};
