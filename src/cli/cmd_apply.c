/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/exit_status.h"
#include "base/stop.h"
#include "base/text.h"
#include "cli/apply_command.h"
#include "cli/command.h"
#include "cli/plan_file.h"
#include "cli/planning.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "engine/plan_signature.h"
#include "engine/saved_plan.h"
#include "plan/codes.h"
#include "plan/planner.h"
#include "state/journal.h"
#include "json/value.h"

#include <string.h>

enum {
	REMEDIES_SHOWN = 20, /* of one severity */
};

struct apply_options {
	bool yes;
	bool json;
	bool restart_postponed;
	bool all_or_nothing;
	const char *reason;
	struct moment lock_timeout;
	struct chosen chosen;
};

static const struct option options[] = {
	FLAG(struct apply_options, yes, .name = "yes", .help = "do not ask"),
	FLAG(struct apply_options, json, .name = "json",
	     .help = "one JSON object per event (schemas/apply.schema.json)"),
	CHOSEN_OPTIONS(struct apply_options, chosen),
	FLAG(struct apply_options, restart_postponed, .name = "restart-postponed",
	     .help = "also activate the postponed components"),
	FLAG(struct apply_options, all_or_nothing, .name = "all-or-nothing",
	     .help = "do nothing when a precondition leaves anything out"),
	TEXT(struct apply_options, reason, .name = "reason", .argument = "TEXT",
	     .help = "why --ack approval-missing does without approvals"),
	DURATION(struct apply_options, lock_timeout, .name = "lock-timeout",
		 .help = "wait so long for another apply to end"),
	{ 0 },
};

/* One apply from its plan to its end. */
struct application {
	struct session *s;
	const struct apply_options *o;
	struct progress *progress; /* listener of the session's engine */
	struct planned planned;
	const char *hash; /* of the saved plan; NULL: a plan made here */
	bool outdated;    /* bundles do not open with today's passphrases */
	bool resumes;     /* this run continues `broken`, which was of the saved plan */
	struct run_record broken;
	struct saved saved;                  /* the saved plan; empty: a plan made here */
	const struct moved_component *moved; /* have left the saved plan */
	size_t moved_count;
	struct approvals_found approvals; /* of the saved plan */
	bool approved;                    /* enough of them, or done without */
	bool declined;                    /* a person did not agree to the plan */
	bool interrupted;                 /* there is `broken` */
	int64_t began;
	struct apply_result result;
	bool ran; /* there is `result` */
	int status;
};

static void application_release(struct application *a)
{
	planned_release(&a->planned);
	saved_release(&a->saved);
}
AUTO_STRUCT(application, struct application, application_release)

/* ---- opening the state ---- */

static bool lock(struct application *a, struct err *e)
{
	return session_lock(a->s, a->o->lock_timeout.seconds, "apply", e);
}

/*
 * Reads the state, and locks it when it exists: a new state is created only
 * after the user has agreed to the plan.
 */
static bool open_state(struct application *a, struct err *e)
{
	return chosen_check(&a->o->chosen, e) && session_read(a->s, e) &&
	       chosen_open_backup(a->s, &a->o->chosen, e) &&
	       (!session_has_state(a->s) || lock(a, e));
}

static struct planning how_to_plan(const struct application *a, int64_t at,
				   const struct choices *choices)
{
	return (struct planning){ .now = clock_now(),
				  .at = at,
				  .valid_for = a->saved.plan.valid_for,
				  .maker = a->saved.plan.maker,
				  .unapproved = !a->hash,
				  .choices = *choices,
				  .broken = a->resumes ? &a->saved.plan : NULL,
				  .moved = a->moved,
				  .moved_count = a->moved_count };
}

static bool make_plan(struct application *a, int64_t at, const struct choices *choices,
		      struct err *e)
{
	const struct planning how = how_to_plan(a, at, choices);

	planned_release(&a->planned);
	return planning_make(a->s, &how, &a->planned, e);
}

/*
 * The very first run: creates the state, or restores it, under which the plan must stay
 * the same.
 */
static bool begin_state(struct application *a, const struct choices *choices, struct err *e)
{
	AUTO(planned) before = TAKE(a->planned);
	const struct plan agreed_to = plan_saved_form(&before.plan, &a->s->arena);

	if (choices->from_backup &&
	    !engine_restore_backup(a->s->engine, session_holder(a->s, "apply"), e))
		return false;
	return lock(a, e) && make_plan(a, before.plan.at, choices, e) &&
	       saved_plan_fits(&agreed_to, &a->planned.plan, e);
}

/*
 * Finds and tells of a run that did not end: of this very saved plan, which may
 * itself have continued an earlier run, or of another one.
 */
static void find_broken_run(struct application *a)
{
	struct state *state = engine_state(a->s->engine);
	struct err none = { 0 };
	char began[TIME_TEXT];

	if (!state || !journal_open_run(state, &a->s->arena, &a->broken, &none))
		return;
	a->interrupted = true;
	a->resumes = a->hash && !strcmp(a->broken.plan_hash, a->hash);
	term_note(&a->s->terminal, "run %u of %s by %s did not end; %s", a->broken.number,
		  time_format(a->broken.started, began), a->broken.who,
		  a->resumes ? "its plan goes on with the remaining steps"
			     : "this apply goes on from what it left");
}

/* ---- before anything changes ---- */

/* Tells the next command; without a status there was nothing to do. */
static void end_without_run(struct application *a)
{
	AUTO(json) json = json_pack("{ss so si}", "event", a->status ? "refused" : "nothing to do",
				    "at", json_moment(clock_now()), "exit_status", a->status);

	a->progress->plan = &a->planned.plan;
	progress_tell_next(a->progress, NULL, a->status);
	progress_add_next(a->progress, a->status, json);
	progress_add_waiting(&a->planned.plan, NULL, json);
	plan_tell_left_out(&a->planned.plan, json);
	if (a->o->json)
		term_print_json(&a->s->terminal, json, true);
}

/* Number of lines of open preconditions of this severity; the first of them with their remedies. */
static size_t add_remedies(const struct plan *p, enum severity severity, struct buf *out)
{
	size_t count = 0;

	for (size_t i = 0, alike = 0; i < p->precondition_count; i += alike) {
		const struct precondition *c = &p->preconditions[i];

		alike = preconditions_alike(c, p->precondition_count - i);
		if (c->severity != severity || c->acknowledged || ++count > REMEDIES_SHOWN)
			continue;
		buf_puts(out, "  ");
		preconditions_told(c, alike, out);
		buf_puts(out, "; ");
		preconditions_remedy(c, alike, out);
		buf_putc(out, '\n');
		for (size_t k = 0; k < c->item_count && k < REMEDIES_SHOWN; k++) {
			buf_puts(out, "    ");
			text_escape(out, c->items[k], strlen(c->items[k]));
			buf_putc(out, '\n');
		}
	}
	if (count > REMEDIES_SHOWN)
		buf_printf(out, "  and %zu more, see 'certfleet plan'\n", count - REMEDIES_SHOWN);
	return count;
}

/* What the plan leaves out and why; nothing when it leaves out nothing. */
static void tell_left_out(struct application *a, const char *outcome)
{
	static const struct {
		enum severity severity;
		const char *why;
	} kinds[] = { { SEVERITY_BLOCK, "blocked" },
		      { SEVERITY_ACKNOWLEDGE, "waiting for an acknowledgement" } };
	AUTO(buf) text = { 0 };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		AUTO(buf) remedies = { 0 };

		if (!add_remedies(&a->planned.plan, kinds[i].severity, &remedies))
			continue;
		buf_printf(&text, "certfleet: %s, %s\n%s", kinds[i].why, outcome,
			   buf_text(&remedies));
	}
	if (text.len)
		term_error(&a->s->terminal, &text);
}

static void tell_handoffs(struct application *a)
{
	AUTO(buf) text = { 0 };

	handoff_steps(a->s, &a->planned.plan, &text);
	if (text.len)
		term_error(&a->s->terminal, &text);
}

/* With --all-or-nothing: true unless the plan leaves something out. */
static bool cmd_apply_may_begin(struct application *a)
{
	a->status = plan_waiting_status(&a->planned.plan);
	if (!a->o->all_or_nothing || !a->status)
		return true;
	tell_left_out(a, "so nothing was changed, as --all-or-nothing says");
	end_without_run(a);
	return false;
}

static void tell_nothing_to_do(struct application *a)
{
	const struct plan *p = &a->planned.plan;
	size_t offline = 0; /* those that need a change, or might need one */
	size_t unseen = 0;
	size_t wanted = 0;
	size_t waiting = 0;
	int64_t next = 0;
	char opens[TIME_TEXT];
	AUTO(buf) text = { 0 };

	for (size_t i = 0; i < p->precondition_count; i++)
		offline += !strcmp(p->preconditions[i].code, code_rows[CODE_OFFLINE].name);
	unseen = offline - p->deferred_count;
	wanted = p->unchanged - unseen;
	buf_printf(&text, "nothing to do, %zu component%s as wanted", wanted,
		   wanted == 1 ? "" : "s");
	if (p->deferred_count)
		buf_printf(&text, ", %zu offline and left", p->deferred_count);
	if (unseen)
		buf_printf(&text, ", %zu offline, as far as is known", unseen);
	waiting = plan_waiting(p, NULL, &next);
	if (waiting)
		buf_printf(&text, ", %zu waiting for a window, the next one at %s", waiting,
			   time_format(next, opens));
	term_note(&a->s->terminal, "%s", buf_text(&text));
}

/*
 * Without work there is no run: certfleet.lineage is written here then.  Nothing is left
 * of one that was interrupted: it has ended, so that the next --reissue is a new one.
 * What is left out is left of it.
 */
static bool end_interrupted(struct application *a, struct err *e)
{
	struct state *state = engine_state(a->s->engine);
	struct run_record run = { 0 };
	struct err none = { 0 };

	engine_record_lineage(a->s->engine);
	if (!state || a->status || a->planned.plan.choices.target_count ||
	    !journal_open_run(state, &a->s->arena, &run, &none))
		return true;
	run.ended = clock_now();
	run.exit_status = EXIT_DONE;
	return journal_end_run(state, &run, NULL, e);
}

static void show_plan(struct application *a)
{
	struct terminal *t = &a->s->terminal;
	AUTO(buf) text = { 0 };

	if (t->quiet && a->o->yes)
		return;
	plan_render_text(&a->planned.plan, a->s->verbose, t->color && !a->o->json, &text);
	buf_putc(&text, '\n');
	if (a->o->json)
		term_error(t, &text);
	else
		term_print(t, &text);
}

/* False when nothing can be done now: what there is to do may all be left out. */
static bool has_work(struct application *a)
{
	const struct plan *p = &a->planned.plan;

	if (plan_has_work_at(p, &a->s->fleet, clock_now()) || (a->outdated && !p->run_left_out))
		return true;
	a->status = plan_waiting_status(p);
	if (a->status) {
		show_plan(a);
		tell_left_out(a, "nothing was changed");
		tell_handoffs(a);
	} else {
		tell_nothing_to_do(a);
	}
	planning_tell_postponed(a->s, &a->planned);
	end_without_run(a);
	return false;
}

/* ---- the run ---- */

/* The last line on stderr is the path alone. */
static void tell_recovery(struct application *a, const char *path)
{
	AUTO(buf) text = { 0 };

	if (!path)
		return;
	terminal_error(
		&a->s->terminal,
		"the state could not be written; if it is lost, 'certfleet backup restore' takes the new keys from this recovery bundle:");
	text_escape(&text, path, strlen(path));
	buf_putc(&text, '\n');
	term_error(&a->s->terminal, &text);
}

static bool cmd_apply_carry_out(struct application *a, struct err *e)
{
	const struct plan *plan = &a->planned.plan;
	struct arena *arena = &a->s->arena;
	struct apply_order order = {
		.plan = plan,
		.snapshot = &a->planned.snapshot,
		.plan_json = plan_line(plan, arena),
		.new_bundle = a->outdated,
		.approvals = a->approvals.list,
		.approval_count = a->approvals.count,
		.reason = a->o->reason,
	};

	order.plan_hash = a->hash ? a->hash : plan_hash(order.plan_json, arena);
	progress_begin(a->progress, plan);
	a->ran = engine_apply(a->s->engine, &order, &a->result, e);
	if (!a->ran)
		return false;
	a->status = a->result.exit_status;
	progress_sum_up(a->progress, &a->result);
	tell_left_out(a, "left out of this run");
	tell_handoffs(a);
	progress_tell_next(a->progress, &a->result, a->status);
	tell_recovery(a, a->result.recovery);
	a->s->changed = a->result.done > 0;
	return true;
}

/* The choices of the command line; there are no others. */
static struct choices given_choices(struct application *a)
{
	struct choices choices = chosen_choices(&a->o->chosen, &a->s->arena);

	choices.restart_postponed = a->o->restart_postponed;
	return choices;
}

/* ---- approvals ---- */

/* Whether approvals are set aside, everywhere or for one subject. */
static bool sets_approvals_aside(const struct choices *c, bool everywhere)
{
	size_t len = strlen(PLAN_APPROVAL_MISSING);

	for (size_t i = 0; i < c->ack_count; i++)
		if (!strncmp(c->acks[i], PLAN_APPROVAL_MISSING, len) &&
		    (!c->acks[i][len] || (!everywhere && c->acks[i][len] == ':')))
			return true;
	return false;
}

static bool check_aside(struct application *a, const struct choices *c, struct err *e)
{
	bool aside = sets_approvals_aside(c, false);

	a->approved = sets_approvals_aside(c, true);
	if (aside && !a->o->reason)
		return err_set(
			e, ERR_USAGE,
			"'--ack approval-missing' needs '--reason TEXT', which the history keeps");
	if (!aside && a->o->reason)
		return err_set(e, ERR_USAGE, "'--reason' goes with '--ack approval-missing'");
	if (aside)
		term_note(&a->s->terminal, "warning: applied without approvals: %s",
			  text_escaped(&a->s->arena, a->o->reason));
	return true;
}

/* Whether the signer could add an approval. */
static bool may_still_approve(const struct application *a, const struct approval_signer *signer)
{
	const char *maker = a->saved.plan.maker;

	for (size_t i = 0; i < a->approvals.count; i++)
		if (!strcmp(a->approvals.list[i].key, signer->key))
			return false;
	return !maker || strcmp(maker, signer->key) != 0;
}

static void tell_unapproved(struct application *a, const struct approval_rules *rules)
{
	AUTO(buf) text = { 0 };
	const char *separator = "; it lacks those of";

	for (size_t i = 0; i < a->approvals.note_count; i++)
		term_note(&a->s->terminal, "%s", a->approvals.notes[i]);
	buf_printf(&text,
		   "certfleet: " PLAN_APPROVAL_MISSING
		   ": the plan has %zu of %u approvals, so nothing was changed",
		   a->approvals.count, rules->required);
	for (size_t i = 0; i < rules->signer_count; i++) {
		if (!may_still_approve(a, &rules->signers[i]))
			continue;
		buf_printf(&text, "%s %s", separator,
			   text_escaped(&a->s->arena, rules->signers[i].name));
		separator = ",";
	}
	buf_putc(&text, '\n');
	term_error(&a->s->terminal, &text);
}

/* The rules are those of the state: the fleet file cannot do away with them. */
static bool check_approvals(struct application *a, const char *path, const struct choices *choices,
			    struct err *e)
{
	const struct approval_rules *rules = a->planned.snapshot.approvals;
	const struct plan *saved = &a->saved.plan;
	const struct plan_identity plan = { path, a->hash, saved->lineage, saved->serial };

	if (saved->maker && !plan_check_maker(&plan, saved->maker, e))
		return false;
	if (!a->planned.plan.approval_count || sets_approvals_aside(choices, true))
		return true;
	if (!plan_find_approvals(&plan, rules, saved->maker, &a->s->arena, &a->approvals, e))
		return false;
	a->approved = a->approvals.count >= rules->required;
	if (a->approved)
		return true;
	a->status = EXIT_ASKS;
	a->progress->unapproved = path;
	a->progress->approvals_missing = rules->required - a->approvals.count;
	tell_unapproved(a, rules);
	end_without_run(a);
	return true;
}

/* ---- apply of a fleet file ---- */

static bool agreed(struct application *a)
{
	if (a->o->yes || terminal_ask(&a->s->terminal, "apply?"))
		return true;
	terminal_error(&a->s->terminal, "not applied, nothing was changed");
	a->declined = true;
	a->status = 1;
	return false;
}

static bool cmd_apply_check_passphrases(struct application *a, struct err *e)
{
	return engine_check_passphrases(a->s->engine, &a->planned.snapshot, &a->outdated, e);
}

static bool apply_file(struct application *a, const char *path, struct err *e)
{
	const struct choices choices = given_choices(a);

	if (!a->o->yes && !a->s->terminal.interactive)
		return err_set(
			e, ERR_USAGE,
			"refused: there is no terminal to ask on; say --yes, or apply a saved plan");
	if (!check_aside(a, &choices, e) || !session_load(a->s, path, e) || !open_state(a, e))
		return false;
	find_broken_run(a);
	if (!make_plan(a, clock_now(), &choices, e) || !cmd_apply_check_passphrases(a, e))
		return false;
	if (!has_work(a))
		return end_interrupted(a, e);
	show_plan(a);
	if (!cmd_apply_may_begin(a) || !agreed(a))
		return true;
	if (!session_has_state(a->s) && !begin_state(a, &choices, e))
		return false;
	return cmd_apply_carry_out(a, e);
}

/* ---- apply of a saved plan ---- */

/*
 * A choice in a saved plan is not a choice of the user who applies it: the
 * command line must repeat it.
 */
static bool check_choices(struct application *a, const char *path, const struct choices *given,
			  struct err *e)
{
	const struct choices *planned = &a->saved.plan.choices;
	AUTO(buf) wanted = { 0 };
	AUTO(buf) said = { 0 };
	AUTO(buf) text = { 0 };

	apply_choices(planned, &wanted);
	apply_choices(given, &said);
	if (!strcmp(buf_text(&wanted), buf_text(&said)))
		return true;
	buf_puts(
		&text,
		"certfleet: the command that applies the plan, with everything it asks you to accept:\n  ");
	apply_command(a->s, path, a->s->file, planned, &text);
	buf_putc(&text, '\n');
	term_error(&a->s->terminal, &text);
	return err_set(
		e, ERR_STALE,
		"give the options of the plan again, and no others: it was made with %.150s, the command line says %.150s",
		wanted.len ? buf_text(&wanted) + 1 : "none",
		said.len ? buf_text(&said) + 1 : "none");
}

static bool cmd_apply_check_fleet(struct application *a, struct err *e)
{
	const char *name = a->s->fleet.name;

	return !strcmp(a->saved.plan.fleet, name) ||
	       err_set(e, ERR_STALE,
		       "the plan is for the fleet '%s', '%s' is of the fleet '%s'; name its fleet file with --file",
		       text_escaped(&a->s->arena, a->saved.plan.fleet),
		       text_escaped(&a->s->arena, a->s->file), name);
}

/* Takes the components out that moved; false unless all else is as it was reviewed. */
static bool leave_moved(struct application *a, const struct choices *choices, struct err *e)
{
	const struct plan *saved = &a->saved.plan;
	struct planning how = { 0 };

	if (a->o->all_or_nothing)
		return false;
	a->moved_count = saved_plan_left_by(saved, &a->planned.plan, &a->s->arena, &a->moved);
	how = how_to_plan(a, saved->at, choices);
	return a->moved_count && planning_repeat(a->s, &how, &a->planned, e) &&
	       plan_is_part(saved, &a->planned.plan, e);
}

static bool check_same(struct application *a, const struct choices *choices, struct err *e)
{
	struct err ignored = { 0 };
	struct err why = { 0 };

	if (saved_plan_fits(&a->saved.plan, &a->planned.plan, &why) ||
	    leave_moved(a, choices, &ignored))
		return true;
	*e = why;
	return false;
}

static bool check_saved(struct application *a, const struct choices *choices, struct err *e)
{
	const struct resumption r = { .saved = &a->saved.plan,
				      .fresh = &a->planned.plan,
				      .snapshot = &a->planned.snapshot,
				      .run = &a->broken };

	if (!a->resumes)
		return check_same(a, choices, e);
	return resume_fits(&r, e);
}

static bool apply_saved(struct application *a, const char *path, struct err *e)
{
	const struct plan *plan = &a->saved.plan;
	const struct choices choices = given_choices(a);
	struct arena *arena = &a->s->arena;

	/* first all checks that read neither fleet file nor state */
	if (!saved_read(path, &a->saved, e) || !saved_check_age(plan, e) ||
	    !saved_is_of(&a->saved, a->s->file, e) || !check_choices(a, path, &choices, e) ||
	    !check_aside(a, &choices, e) || !session_load(a->s, a->s->file, e) ||
	    !cmd_apply_check_fleet(a, e))
		return false;
	a->hash = plan_hash(plan_line(plan, arena), arena);
	if (!open_state(a, e))
		return false;
	find_broken_run(a);
	if (!make_plan(a, plan->at, &choices, e) || !check_saved(a, &choices, e) ||
	    !cmd_apply_check_passphrases(a, e) || !check_approvals(a, path, &choices, e))
		return false;
	if (a->status)
		return true;
	if (!has_work(a))
		return end_interrupted(a, e);
	if (!cmd_apply_may_begin(a))
		return true;
	show_plan(a);
	if (!session_has_state(a->s) && !begin_state(a, &choices, e))
		return false;
	return cmd_apply_carry_out(a, e);
}

/* ---- notifications ---- */

/* A person who is there, and stops it before anything is done, needs no message. */
static bool is_known_to_person(const struct application *a, const struct err *e)
{
	return a->declined || e->code == ERR_USAGE ||
	       (e->code == ERR_STOPPED && !a->ran && a->s->terminal.interactive);
}

/* An engine that has no state tells as well; what opened none has said why. */
static struct engine *telling_engine(struct application *a)
{
	struct err ignored = { 0 };

	if (!a->s->engine && !session_stateless(a->s, &ignored))
		return NULL;
	return a->s->engine;
}

/* How it ended; `e` has the code ERR_NONE when nothing kept it from its end. */
static void cmd_apply_notify(struct application *a, const struct err *e)
{
	struct session *s = a->s;
	struct arena *arena = &s->arena;
	struct engine *en =
		s->fleet.notify_count && !is_known_to_person(a, e) ? telling_engine(a) : NULL;
	struct state *state = en ? engine_state(en) : NULL;
	struct notification n = { .fleet = &s->fleet,
				  .lineage = state ? state_lineage(state) : NULL,
				  .who = engine_who(arena),
				  .started = a->began,
				  .ended = clock_now(),
				  .exit_status = e->code ? err_exit_status(e->code) : a->status,
				  .error = e->code ? e->text : NULL,
				  .plan = a->planned.plan.fleet ? &a->planned.plan : NULL,
				  .result = a->ran ? &a->result : NULL,
				  .failed = a->progress->broken.items,
				  .failed_count = a->progress->broken.count,
				  .reason = a->o->reason,
				  .stopped = stop_requested(),
				  .interrupted = a->interrupted ? &a->broken : NULL };
	struct notify_order order = { .everybody = a->ran && a->o->reason,
				      .run = a->result.run,
				      .approved = a->approved };
	struct notice notice = { 0 };

	if (!en)
		return;
	n.changed = progress_changed(a->progress, &n.issued);
	n.next = progress_next(a->progress, n.exit_status, arena);
	order.outcomes = notification_outcomes(&n);
	notice = notification_notice(&n, order.outcomes, arena);
	order.notice = &notice;
	(void)engine_notify(en, &order);
}

static bool cmd_apply_run(struct session *s, const struct call *call, int *status, struct err *e)
{
	const char *path = call->word_count ? call->words[0] : s->file;
	AUTO(application) a = { .s = s, .o = call->options, .began = clock_now() };
	bool is_plan = saved_is_one(path);
	const struct err none = { 0 };
	bool good = false;

	if (!is_plan && s->file_named && call->word_count)
		return err_set(
			e, ERR_USAGE,
			"'%s' is not a saved plan, and '--file' cannot be given together with another word",
			text_escaped(&s->arena, path));
	a.progress = ARENA_NEW(&s->arena, struct progress);
	*a.progress = (struct progress){
		.terminal = &s->terminal, .arena = &s->arena, .session = s, .json = a.o->json
	};
	s->listen = progress_listen;
	s->listen_ctx = a.progress;
	good = is_plan ? apply_saved(&a, path, e) : apply_file(&a, path, e);
	*status = a.status;
	cmd_apply_notify(&a, good ? &none : e);
	/* the engine must not report to a progress that is gone */
	engine_close(s->engine);
	s->engine = NULL;
	return good;
}

const struct command command_apply = {
	.name = "apply",
	.words = "[FILE|PLAN]",
	.summary = "make the fleet match the file, or run a saved plan",
	.help = "Of a fleet file it shows the plan and asks first.\n\n"
		"A saved plan needs no question. It is applied only if a plan made now would be\nthe same; components that have changed since are left out, by name. It permits\nnothing by itself: the fleet file is that of --file or of the working directory,\nand its --ack, --target, --reissue, --use, --handed-over and --from-backup have\nto be given again. 'certfleet plan --out' prints the whole command.\n\n"
		"What a precondition blocks, or waits for an acknowledgement, is left out with\nwhat depends on it; all else is done.\n\n"
		"Exit status: 0 done or nothing to do, 1 failed and no component changed,\n3 something waits for an acknowledgement and 4 a precondition blocks something,\nwhile all else is done, 5 the plan is stale or components left it, 6 the lock is\nheld, 7 something changed and something failed, 8 all that failed was rolled\nback, 9 something waits for a person while all else is done, 64 usage, 65 an\ninput is invalid.",
	.words_most = 1,
	.options = options,
	.options_size = sizeof(struct apply_options),
	.run = cmd_apply_run,
};
