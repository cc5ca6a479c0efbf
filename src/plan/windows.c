/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/builder.h"

#include "base/clock.h"
#include "base/text.h"
#include "model/renewal.h"
#include "plan/component_steps.h"
#include "plan/precondition.h"

#include <stdlib.h>
#include <string.h>

/* ---- which steps wait ---- */

/* What a step changes in a component; of several of one process, all wait for the last. */
struct change_at {
	const struct component *component;
	size_t process; /* by entry of `processes` */
};

struct window_wait {
	const struct fleet *f;
	struct stepped processes;  /* of steps that change a component */
	int64_t *until;            /* by process; 0: it does not wait */
	struct change_at *changes; /* by certificate */
	size_t count;
};

static bool step_changes(const struct step *s)
{
	return s->kind >= STEP_STAGE && s->kind <= STEP_REVERT;
}

static int compare_changes(const void *left, const void *right)
{
	const struct change_at *l = left;
	const struct change_at *r = right;

	if (l->component->certificate != r->component->certificate)
		return l->component->certificate < r->component->certificate ? -1 : 1;
	return l->component < r->component ? -1 : l->component > r->component;
}

static bool wait_for(int64_t *until, int64_t other)
{
	if (other <= *until)
		return false;
	*until = other;
	return true;
}

/* Of the processes of one certificate whose tiers must agree: all wait for the last. */
static bool wait_together(struct window_wait *w, size_t first, size_t end)
{
	int64_t last = 0;
	bool more = false;

	for (size_t i = first; i < end; i++)
		wait_for(&last, w->until[w->changes[i].process]);
	for (size_t i = first; i < end; i++)
		more |= wait_for(&w->until[w->changes[i].process], last);
	return more;
}

/* Of one certificate: a role waits for what waits in the roles that it comes after. */
static bool wait_by_role(struct window_wait *w, size_t first, size_t end, int64_t *by_rank,
			 const struct role *const *roles)
{
	bool more = false;

	memset(by_rank, 0, w->f->role_count * sizeof(*by_rank));
	for (size_t i = first; i < end; i++)
		wait_for(&by_rank[w->changes[i].component->role->rank],
			 w->until[w->changes[i].process]);
	for (size_t rank = 0; rank < w->f->role_count; rank++)
		for (size_t k = 0; k < roles[rank]->after_count; k++)
			wait_for(&by_rank[rank], by_rank[roles[rank]->after[k]->rank]);
	for (size_t i = first; i < end; i++) {
		const struct role *role = w->changes[i].component->role;

		for (size_t k = 0; k < role->after_count; k++)
			more |= wait_for(&w->until[w->changes[i].process],
					 by_rank[role->after[k]->rank]);
	}
	return more;
}

/* Until nothing waits any more that did not: a process may have several certificates. */
static void wait_for_others(struct window_wait *w, struct arena *a)
{
	size_t roles = w->f->role_count;
	int64_t *by_rank = arena_array(a, roles, sizeof(*by_rank));
	const struct role **sorted = arena_array(a, roles, sizeof(struct role *));

	for (size_t i = 0; i < roles; i++)
		sorted[w->f->roles[i].rank] = &w->f->roles[i];
	for (bool more = true; more;) {
		more = false;
		for (size_t first = 0, end = 0; first < w->count; first = end) {
			const struct certificate *c = w->changes[first].component->certificate;

			while (end < w->count && w->changes[end].component->certificate == c)
				end++;
			more |= wait_by_role(w, first, end, by_rank, sorted);
			if (c->commit == COMMIT_ALL_FIRST)
				more |= wait_together(w, first, end);
		}
	}
}

static size_t process_at(const struct window_wait *w, const char *name)
{
	const char *const *at = text_find(name, w->processes.names, w->processes.count,
					  sizeof(*w->processes.names));

	return at ? (size_t)(at - (const char *const *)w->processes.names) : w->processes.count;
}

/* When each role may be changed, by entry of the fleet's roles; NULL: all may be now. */
static int64_t *roles_waiting(const struct fleet *f, int64_t at, struct arena *a)
{
	int64_t *until = arena_array(a, f->role_count, sizeof(*until));
	bool any = false;

	for (size_t i = 0; i < f->role_count; i++) {
		until[i] = role_waits_until(f, &f->roles[i], at);
		any |= until[i] != 0;
	}
	return any ? until : NULL;
}

static void list_changes(struct window_wait *w, const struct plan *p, const int64_t *roles,
			 struct arena *a)
{
	const char **names = arena_array(a, p->step_count, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; i < p->step_count; i++)
		if (step_changes(&p->steps[i]))
			names[count++] = p->steps[i].process;
	w->processes = stepped_sorted(names, count);
	w->until = arena_array(a, w->processes.count, sizeof(*w->until));
	w->changes = arena_array(a, count, sizeof(*w->changes));
	for (size_t i = 0; i < p->step_count; i++) {
		const struct step *s = &p->steps[i];
		const struct component *c =
			step_changes(s) ? fleet_component(w->f, s->component) : NULL;

		if (!c)
			continue;
		w->changes[w->count] = (struct change_at){ c, process_at(w, s->process) };
		wait_for(&w->until[w->changes[w->count++].process], roles[c->role - w->f->roles]);
	}
	if (w->count)
		qsort(w->changes, w->count, sizeof(*w->changes), compare_changes);
}

void plan_windows(const struct plan *p, const struct fleet *f, int64_t at, int64_t *waits_until)
{
	AUTO(arena) a = { 0 };
	struct window_wait w = { .f = f };
	const int64_t *roles = p->choices.ignore_windows ? NULL : roles_waiting(f, at, &a);

	memset(waits_until, 0, p->step_count * sizeof(*waits_until));
	if (!roles)
		return;
	list_changes(&w, p, roles, &a);
	wait_for_others(&w, &a);
	for (size_t i = 0; i < p->step_count; i++) {
		const struct step *s = &p->steps[i];
		size_t process = s->process ? process_at(&w, s->process) : w.processes.count;

		if (process < w.processes.count && s->kind != STEP_ROLLBACK)
			waits_until[i] = w.until[process];
	}
}

/* ---- what is said of it ---- */

/* "its next window is from T to T"; of one that is open, until when it waits for others. */
static const char *next_window(struct plan_builder *d, const struct role *r, int64_t until)
{
	const struct open_span o = role_opening(d->fleet, r, d->in->at);
	const char *when = opening_words(&o, &d->scratch);
	char text[TIME_TEXT];

	if (o.from <= d->in->at)
		return arena_printf(d->kept, "others of the certificate wait, until %s",
				    time_format(until, text));
	if (!o.frozen)
		return arena_printf(d->kept, "its next window is %s", when);
	return arena_printf(d->kept, "the freeze '%s' lasts, and it may be changed %s",
			    text_escaped(&d->scratch, o.frozen->reason), when);
}

static void add_waiting_role(struct plan_builder *d, const struct role *r, size_t count,
			     int64_t until)
{
	precondition_add_role(d, r, CODE_WAITING_FOR_WINDOW, SEVERITY_INFO,
			      arena_printf(d->kept, "%zu component%s: %s", count,
					   count == 1 ? " waits" : "s wait",
					   next_window(d, r, until)));
}

/*
 * What it serves ends soon, or before it may be changed.  Its unit waits already, and
 * nothing else waits for it.
 */
static void check_end(struct plan_builder *d, const struct component_build *c, int64_t until)
{
	const struct served_end end = renewal_served_end(d->snapshot, c->seen);
	bool late = end.not_after && d->in->at >= end.deadline;
	struct precondition_spec f =
		precondition_of_component(c, CODE_EXPIRES_BEFORE_RESTART, late);
	char ends[TIME_TEXT];
	char opens[TIME_TEXT];
	struct open_span last = { 0 };

	if (!end.not_after || (!late && end.not_after > until))
		return;
	f.alone = true;
	f.message = arena_printf(d->kept, "what it serves ends at %s, and it waits until %s",
				 time_format(end.not_after, ends), time_format(until, opens));
	f.remedy = "apply with --ignore-windows REASON";
	if (end.not_after <= until &&
	    role_last_opening(d->fleet, c->component->role, d->in->at, end.not_after, &last))
		f.message = arena_printf(d->kept, "%s; the last safe window is %s", f.message,
					 opening_words(&last, &d->scratch));
	precondition_add(d, &f);
}

static void mark_steps(struct plan_builder *d)
{
	const struct plan p = { .steps = d->steps.items,
				.step_count = d->steps.count,
				.choices = d->in->choices };
	int64_t *waits = arena_array(&d->scratch, p.step_count, sizeof(*waits));

	plan_windows(&p, d->fleet, d->in->at, waits);
	for (size_t i = 0; i < p.step_count; i++)
		d->steps.items[i].waits_until = waits[i];
}

static void check_waiting(struct plan_builder *d)
{
	size_t *count = arena_array(&d->scratch, d->fleet->role_count, sizeof(*count));
	int64_t *last = arena_array(&d->scratch, d->fleet->role_count, sizeof(*last));
	int64_t *until = arena_array(&d->scratch, d->fleet->component_count, sizeof(*until));

	vec_each (s, &d->steps) {
		size_t at = 0;
		size_t role = 0;

		if (!s->waits_until || !s->component)
			continue;
		at = (size_t)(builder_component(d, s->component) - d->components);
		role = (size_t)(d->components[at].component->role - d->fleet->roles);
		count[role] += !until[at];
		until[at] = s->waits_until;
		wait_for(&last[role], until[at]);
	}
	for (size_t i = 0; i < d->fleet->role_count; i++)
		if (count[i])
			add_waiting_role(d, &d->fleet->roles[i], count[i], last[i]);
	for (size_t i = 0; i < d->fleet->component_count; i++)
		if (until[i])
			check_end(d, &d->components[i], until[i]);
}

/* ---- what will have no window ---- */

/* The pair that is in use, of one role. */
static void check_conflict(struct plan_builder *d, const struct certificate_build *c,
			   const struct role *r)
{
	const struct generation *g = c->desired;
	int64_t due = renewal_due_at(g, c->certificate);
	const struct freeze *in = role_frozen(d->fleet, r, g->not_after);
	struct precondition_spec f = precondition_of_certificate(c, CODE_WINDOW_CONFLICT, true);
	struct open_span last = { 0 };
	bool opens = false;
	char ends[TIME_TEXT];
	const char *safe = "no safe window is left";

	if (due < d->in->at)
		due = d->in->at;
	opens = role_opening(d->fleet, r, due).from < g->not_after;
	if (opens && !in)
		return;
	if (role_last_opening(d->fleet, r, d->in->at, g->not_after, &last))
		safe = arena_printf(&d->scratch, "the last safe window is %s",
				    opening_words(&last, &d->scratch));
	f.message = arena_printf(d->kept, "it ends at %s, %s%s%s%s; %s",
				 time_format(g->not_after, ends), in ? "in the freeze '" : "",
				 in ? text_escaped(&d->scratch, in->reason) : "", in ? "'" : "",
				 opens ? ""
				 : in  ? ", and no window opens between its renewal and that"
				       : "and no window opens between its renewal and that",
				 safe);
	if (opens)
		f.remedy = "nothing is to do: it is renewed and delivered before that";
	precondition_add(d, &f);
}

/* Of each certificate in use once for each role; the components sorted by both. */
static int compare_by_role(const void *left, const void *right)
{
	const struct component_build *l = *(struct component_build *const *)left;
	const struct component_build *r = *(struct component_build *const *)right;

	if (l->certificate != r->certificate)
		return l->certificate < r->certificate ? -1 : 1;
	return (l->component->role->rank > r->component->role->rank) -
	       (l->component->role->rank < r->component->role->rank);
}

static void check_conflicts(struct plan_builder *d)
{
	struct component_build **used =
		arena_array(&d->scratch, d->fleet->component_count, sizeof(*used));
	size_t count = 0;

	for (size_t i = 0; i < d->fleet->component_count; i++) {
		struct component_build *c = &d->components[i];

		if (c->in_scope && c->certificate->desired &&
		    c->certificate->job == CERTIFICATE_KEEP &&
		    c->certificate->desired->not_after > d->in->at &&
		    role_is_scheduled(d->fleet, c->component->role))
			used[count++] = c;
	}
	if (count)
		qsort(used, count, sizeof(struct component_build *), compare_by_role);
	for (size_t i = 0; i < count; i++)
		if (!i || compare_by_role(&used[i - 1], &used[i]) != 0)
			check_conflict(d, used[i]->certificate, used[i]->component->role);
}

void windows_mark(struct plan_builder *d)
{
	mark_steps(d);
	if (d->in->choices.ignore_windows)
		return;
	check_waiting(d);
	check_conflicts(d);
}
