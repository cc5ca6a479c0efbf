/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/planning.h"

#include "base/alloc.h"
#include "base/text.h"
#include "config/load.h"
#include "engine/backup.h"
#include "plan/planner.h"
#include "report/status.h"
#include "state/journal.h"
#include "json/value.h"

#include <string.h>

static struct texts sorted_set(const struct texts *given, struct arena *a)
{
	struct texts set = { .items = arena_array(a, given->count, sizeof(*set.items)) };

	for (size_t i = 0; i < given->count; i++)
		set.items[i] = given->items[i];
	set.count = text_set(set.items, given->count);
	return set;
}

struct choices chosen_choices(const struct chosen *c, struct arena *a)
{
	const struct texts targets = sorted_set(&c->targets, a);
	const struct texts acks = sorted_set(&c->acks, a);
	const struct texts reissue = sorted_set(&c->reissue, a);
	const struct texts use = sorted_set(&c->use, a);
	const struct texts handed_over = sorted_set(&c->handed_over, a);

	return (struct choices){
		.targets = targets.items,
		.target_count = targets.count,
		.acks = acks.items,
		.ack_count = acks.count,
		.reissue = reissue.items,
		.reissue_count = reissue.count,
		.use = use.items,
		.use_count = use.count,
		.handed_over = handed_over.items,
		.handed_over_count = handed_over.count,
		.until = c->until.given ? c->until.seconds : 0,
		.from_backup = c->from_backup,
		.ignore_windows = c->ignore_windows,
		.over_limits = c->over_limits,
	};
}

bool chosen_check(const struct chosen *c, struct err *e)
{
	const bool windows =
		c->ignore_windows && !c->ignore_windows[strspn(c->ignore_windows, " \t")];
	const bool limits = c->over_limits && !c->over_limits[strspn(c->over_limits, " \t")];

	return (!windows && !limits) ||
	       err_set(e, ERR_USAGE, "'--%s' needs a reason, which is recorded",
		       windows ? "ignore-windows" : "over-limits");
}

static bool chosen_check_backup(const struct chosen *c, struct err *e)
{
	if (!c->from_backup)
		return (!c->open.passphrase_file && !c->open.passphrase_env) ||
		       err_set(e, ERR_USAGE,
			       "'--passphrase-file' and '--passphrase-env' go with --from-backup");
	if (c->reissue.count || c->use.count)
		return err_set(
			e, ERR_USAGE,
			"'--from-backup' says of every certificate what to put back; leave '--%s' away",
			c->reissue.count ? "reissue" : "use");
	return true;
}

bool chosen_open_backup(struct session *s, const struct chosen *c, struct err *e)
{
	AUTO(bundle) b = { 0 };
	const char *path = NULL;

	if (!chosen_check_backup(c, e))
		return false;
	if (!c->from_backup)
		return true;
	if (!bundle_option_open(s, &c->open, c->from_backup, &b, &path, e) ||
	    !(restore_check(s->engine, &b, e) || err_in(e, "bundle '%s'", path)))
		return false;
	engine_from_backup(s->engine, &b, c->from_backup);
	return session_read(s, e) && engine_presume_backup(s->engine, e);
}

void planned_release(struct planned *p)
{
	plan_release(&p->plan);
	snapshot_release(&p->snapshot);
}

static bool is_same_list(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

/*
 * The plan of the newest run if that was interrupted, and if it was asked for the
 * same: the command given again finishes it and issues nothing once more.
 */
static const struct plan *find_interrupted(struct session *s, const struct choices *asked,
					   struct plan *out)
{
	AUTO(arena) a = { 0 };
	struct run_record run = { 0 };
	struct state *state = engine_state(s->engine);
	const struct choices *c = &out->choices;
	struct err none = { 0 };

	if (!asked->reissue_count || !state || !journal_open_run(state, &a, &run, &none) ||
	    !run.plan)
		return NULL;

	AUTO(json) json = json_parse(run.plan, strlen(run.plan));

	if (!json || !plan_from_json(json, out, &none) ||
	    !is_same_list(c->reissue, c->reissue_count, asked->reissue, asked->reissue_count) ||
	    !is_same_list(c->targets, c->target_count, asked->targets, asked->target_count))
		return NULL;
	return out;
}

bool planning_repeat(struct session *s, const struct planning *how, struct planned *p,
		     struct err *e)
{
	AUTO(plan) interrupted = { 0 };
	AUTO(buf) canonical = { 0 };
	AUTO(arena) a = { 0 };

	fleet_canonical(&s->fleet, &canonical);

	struct plan_input in = {
		.fleet = &s->fleet,
		.snapshot = &p->snapshot,
		.at = how->at,
		.valid_for = how->valid_for,
		.spec_digest = engine_spec_digest(buf_text(&canonical), &p->snapshot, &a),
		.choices = how->choices,
		.broken = how->broken ? how->broken
				      : find_interrupted(s, &how->choices, &interrupted),
		.maker = how->maker,
		.unapproved = how->unapproved,
		.moved = how->moved,
		.moved_count = how->moved_count,
	};

	plan_release(&p->plan);
	return plan_make(&in, &p->plan, e);
}

bool planning_make(struct session *s, const struct planning *how, struct planned *out,
		   struct err *e)
{
	AUTO(planned) p = { 0 };
	bool failed = false;

	terminal_progress(&s->terminal, "looking at %zu components...",
			  how->offline ? 0 : s->fleet.component_count);
	if (!engine_observe(s->engine, how->offline, how->now, &p.snapshot, e))
		return false;
	terminal_clear(&s->terminal);
	if (!planning_repeat(s, how, &p, e))
		return false;
	if (!how->offline && !engine_probe_copies(s->engine, &p.plan, &p.snapshot, &failed, e))
		return false;
	if (failed && !planning_repeat(s, how, &p, e))
		return false;
	*out = TAKE(p);
	return true;
}

void planning_tell_postponed(struct session *s, const struct planned *p)
{
	AUTO(arena) a = { 0 };
	struct status status;
	size_t count = 0;

	status_make(&s->fleet, &p->snapshot, p->plan.at, &a, &status);
	count = status_postponed(&status);
	if (count && !p->plan.choices.restart_postponed)
		term_note(
			&s->terminal,
			"%zu component%s for a postponed restart; 'certfleet apply --restart-postponed' does it now",
			count, count == 1 ? " waits" : "s wait");
}

const char *plan_line(const struct plan *p, struct arena *a)
{
	AUTO(json) json = plan_to_json(p);
	AUTO(str) text = json_dumps(json, JSON_COMPACT);

	return arena_strdup(a, text);
}
