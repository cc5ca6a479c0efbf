/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/redact.h"
#include "base/stop.h"
#include "base/text.h"
#include "drivers/driver.h"
#include "engine/internal.h"
#include "model/approval.h"
#include "plan/planner.h"
#include "state/change.h"

#include <stdlib.h>
#include <string.h>

/* One notification. */
struct telling {
	struct engine *en;
	const struct notify_order *order;
	struct arena arena;
	/* what may be reached without approval; `all`: anything */
	const char *const *reached;
	size_t reached_count;
	bool all;
	VEC(struct notified) told;
};

static void telling_release(struct telling *t)
{
	arena_release(&t->arena);
}
AUTO_STRUCT(telling, struct telling, telling_release)

/*
 * With rules that ask for approvals of contacts, an apply that has none reaches only what
 * the last completed run did.
 */
static bool find_reached(struct telling *t, struct err *e)
{
	struct state *s = engine_state(t->en);
	const struct approval_rules *rules = NULL;

	t->all = true;
	if (t->order->approved || !s)
		return true;
	if (!state_approval_rules(s, &t->arena, &rules, e) ||
	    !state_reach(s, &t->arena, &t->reached, &t->reached_count, e))
		return err_in(e, "cannot read which targets are approved");
	t->all = !rules || !(rules->about & 1u << APPROVE_CONTACTS);
	return true;
}

static bool may_reach(struct telling *t, const struct notify *n, struct err *e)
{
	const char *contact = notify_contact(n, &t->arena);

	return t->all || text_find(contact, t->reached, t->reached_count, sizeof(*t->reached)) ||
	       err_set(e, ERR_INPUT,
		       "what it reaches for the first time needs approvals; apply an approved plan");
}

static bool is_told(const struct telling *t, const struct notify *n)
{
	return t->order->everybody || n->on & t->order->outcomes;
}

/* What a target says is foreign text: none of the secrets that were read may be in it. */
static void hide_secrets(const struct engine *en, struct err *e)
{
	if (engine_repeats_secret(en, e->text))
		err_set(e, e->code, "what it says repeats a secret");
}

static void report_told(struct telling *t, const struct notify *n, struct err *error)
{
	struct event event = {
		.kind = EVENT_NOTIFIED, .at = clock_now(), .run = t->order->run, .target = n->name
	};

	if (error->code) {
		hide_secrets(t->en, error);
		err_remedy(error, "correct it and try it with 'certfleet notify'");
		event.text = error->text;
	}
	VEC_PUSH(&t->told, &t->arena,
		 (struct notified){ n->name,
				    error->code ? arena_strdup(&t->arena, error->text) : NULL });
	if (t->en->listen)
		t->en->listen(t->en->listen_ctx, &event);
}

/* The commands one after the other, then the requests together. */
static void tell_targets(struct telling *t)
{
	const struct fleet *f = t->en->fleet;
	struct job *jobs = arena_array(&t->arena, f->notify_count, sizeof(*jobs));
	struct err e = { 0 };
	size_t count = 0;
	bool readable = find_reached(t, &e);

	for (size_t i = 0; i < f->notify_count; i++) {
		const struct notify *n = &f->notify[i];
		struct err refused = e;

		if (!is_told(t, n))
			continue;
		if (readable && may_reach(t, n, &refused))
			jobs[count++] = (struct job){ .verb = DRIVER_NOTIFY,
						      .target = n,
						      .notice = t->order->notice,
						      .stopped = stop_requested(),
						      .arena = &t->arena };
		else
			report_told(t, n, &refused);
	}
	drivers_run(t->en->drivers, jobs, count);
	for (size_t i = 0; i < count; i++)
		report_told(t, jobs[i].target, &jobs[i].error);
}

/* The line of the run is closed anew, with who was told. */
static void record_told(struct telling *t)
{
	struct state *s = engine_state(t->en);
	struct run_record run = { 0 };
	struct err e = { 0 };

	if (!t->order->run || !t->told.count)
		return;
	if (journal_run(s, t->order->run, &t->arena, &run, &e)) {
		run.told = t->told.items;
		run.told_count = t->told.count;
		if (journal_end_run(s, &run, NULL, &e))
			return;
	}
	engine_note(t->en, "warning: cannot record who was notified: %s", e.text);
}

size_t engine_notify(struct engine *en, const struct notify_order *order)
{
	AUTO(telling) t = { .en = en, .order = order };
	size_t failed = 0;

	if (engine_is_confined(en) || !(order->everybody || order->outcomes))
		return 0;
	tell_targets(&t);
	record_told(&t);
	vec_each (one, &t.told)
		failed += one->error != NULL;
	return failed;
}
