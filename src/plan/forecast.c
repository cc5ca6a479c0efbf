/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "base/vec.h"
#include "model/activation.h"
#include "model/drift.h"
#include "model/hold.h"
#include "model/renewal.h"
#include "plan/planner.h"

#include <stdlib.h>
#include <string.h>

enum {
	DAY = 24 * 3600,
};

/* Components that change, and those of them that are restarted for it. */
struct load {
	size_t components;
	size_t restarts;
};

/* A renewal (no role), or the delivery to the components of one role. */
struct forecast_event {
	int64_t at;
	const char *certificate;
	const struct role *role;
	struct load load;
};

/* The components of one certificate in one role. */
struct forecast_users {
	const struct certificate *certificate;
	const struct role *role;
	struct load all;
	struct load pending; /* of these, that do not have the desired pair yet */
};

struct outlook {
	const struct fleet *f;
	const struct snapshot *s;
	struct arena *a;
	int64_t at;
	int64_t until;
	struct forecast_users *users; /* by certificate */
	size_t user_count;
	VEC(struct forecast_event) events;
	VEC(struct forecast_import) imports;
	VEC(struct forecast_conflict) conflicts;
	VEC(struct forecast_day) days;
};

/* ---- the components of each certificate ---- */

static int compare_users_of(const void *left, const void *right)
{
	const struct forecast_users *l = left;
	const struct forecast_users *r = right;

	if (l->certificate != r->certificate)
		return l->certificate < r->certificate ? -1 : 1;
	return l->role->rank < r->role->rank ? -1 : l->role->rank > r->role->rank;
}

/* By what was seen last; what needs a person or a port's answer is no matter of days. */
static bool is_pending(const struct outlook *o, const struct component *c)
{
	const struct component_seen *seen = snapshot_component(o->s, c->name);
	const struct generation *g = desired_generation(o->s, c->certificate, o->at);

	if (!g || c->certificate->builtin)
		return false;
	return !seen || !seen->now.observed_at ||
	       installed_drift(&seen->now, g->fingerprint, g->chain) == DRIFT_OTHER ||
	       served_drift(&seen->now, g->fingerprint, g->chain) == DRIFT_OTHER;
}

static struct load load_of(const struct outlook *o, const struct component *c)
{
	bool restarts =
		c->role->restart.when != RESTART_POSTPONED &&
		component_activation(c, snapshot_component(o->s, c->name)) == ACTIVATION_RESTART;

	return (struct load){ 1, restarts };
}

static void load_add(struct load *to, struct load l)
{
	to->components += l.components;
	to->restarts += l.restarts;
}

static void list_users(struct outlook *o)
{
	size_t count = o->f->component_count;
	struct forecast_users *list = arena_array(o->a, count, sizeof(*list));
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		const struct component *c = &o->f->components[i];

		list[i] = (struct forecast_users){ c->certificate, c->role, load_of(o, c) };
		if (is_pending(o, c))
			list[i].pending = list[i].all;
	}
	if (count)
		qsort(list, count, sizeof(*list), compare_users_of);
	for (size_t i = 0; i < count; i++) {
		if (used && !compare_users_of(&list[used - 1], &list[i])) {
			load_add(&list[used - 1].all, list[i].all);
			load_add(&list[used - 1].pending, list[i].pending);
			continue;
		}
		list[used++] = list[i];
	}
	o->users = list;
	o->user_count = used;
}

/* ---- what comes ---- */

static void add_event(struct outlook *o, int64_t at, const char *certificate,
		      const struct role *role, struct load load)
{
	if (at < o->until)
		VEC_PUSH(&o->events, o->a,
			 ((struct forecast_event){ at, certificate, role, load }));
}

static void check_window(struct outlook *o, const struct forecast_users *u, int64_t due,
			 int64_t opens, int64_t ends)
{
	struct forecast_conflict c = { .certificate = u->certificate->name,
				       .role = u->role->name,
				       .renew_at = due,
				       .not_after = ends };
	const struct freeze *in = role_frozen(o->f, u->role, ends);

	if (!ends || opens < ends)
		return;
	if (!in)
		in = role_frozen(o->f, u->role, due);
	c.freeze = in ? in->reason : NULL;
	(void)role_last_opening(o->f, u->role, o->at, ends, &c.last);
	VEC_PUSH(&o->conflicts, o->a, c);
}

/* From `due` on, before `ends` (0: nothing is served yet), in the next window of each role. */
static void deliver(struct outlook *o, const struct forecast_users *users, size_t count,
		    int64_t due, int64_t ends)
{
	for (size_t i = 0; i < count; i++) {
		const int64_t waits = role_waits_until(o->f, users[i].role, due);
		const int64_t from = waits ? waits : due;

		check_window(o, &users[i], due, from, ends);
		add_event(o, from, users[i].certificate->name, users[i].role, users[i].all);
	}
}

static void deliver_pending(struct outlook *o, const struct forecast_users *users, size_t count,
			    const struct generation *g)
{
	for (size_t i = 0; i < count; i++) {
		struct forecast_users late = users[i];

		late.all = late.pending;
		if (late.all.components)
			deliver(o, &late, 1, o->at, g->not_after);
	}
}

/* One renewal after the other; each new certificate lives as long as it should. */
static void foresee_renewals(struct outlook *o, const struct certificate *c,
			     const struct forecast_users *users, size_t count)
{
	const struct generation *g = desired_generation(o->s, c, o->at);
	struct generation next = { .source = SOURCE_ISSUED };
	int64_t due = g ? renewal_due_at(g, c) : o->at;
	int64_t ends = g ? g->not_after : 0;

	if (due <= o->at)
		due = o->at;
	else
		deliver_pending(o, users, count, g);
	while (due < o->until) {
		add_event(o, due, c->name, NULL, (struct load){ 0 });
		deliver(o, users, count, due, ends);
		next.not_before = due - BACKDATE_SECONDS;
		next.not_after = ends = due + c->validity;
		due = renewal_due_at(&next, c);
	}
}

static void foresee(struct outlook *o, const struct certificate *c,
		    const struct forecast_users *users, size_t count)
{
	const struct generation *g = NULL;

	if (c->builtin)
		return;
	if (certificate_is_issued(c)) {
		foresee_renewals(o, c, users, count);
		return;
	}
	g = desired_generation(o->s, c, o->at);
	if (!g)
		return;
	deliver_pending(o, users, count, g);
	if (renewal_due_at(g, c) < o->until)
		VEC_PUSH(&o->imports, o->a,
			 ((struct forecast_import){ c->name, renewal_due_at(g, c), g->not_after }));
}

/* ---- by day ---- */

static int compare_events(const void *left, const void *right)
{
	const struct forecast_event *l = left;
	const struct forecast_event *r = right;

	if (l->at / DAY != r->at / DAY)
		return l->at < r->at ? -1 : 1;
	return strcmp(l->certificate, r->certificate);
}

static void add_day(struct outlook *o, const struct forecast_event *events, size_t count,
		    size_t allowed)
{
	const char **names = arena_array(o->a, count, sizeof(*names));
	struct forecast_day day = { .day = events->at / DAY * DAY };
	struct load load = { 0 };

	for (size_t i = 0; i < count; i++) {
		names[i] = events[i].certificate;
		day.renewals += !events[i].role;
		load_add(&load, events[i].load);
	}
	day.components = load.components;
	day.restarts = load.restarts;
	day.certificates = names;
	day.certificate_count = text_set(names, count);
	day.over_limits = day.components > allowed;
	VEC_PUSH(&o->days, o->a, day);
}

static void list_days(struct outlook *o)
{
	struct forecast_event *list = o->events.items;
	size_t count = o->events.count;
	size_t allowed = fleet_run_limit(o->f);

	if (count)
		qsort(list, count, sizeof(*list), compare_events);
	for (size_t first = 0, end = 0; first < count; first = end) {
		while (end < count && list[end].at / DAY == list[first].at / DAY)
			end++;
		add_day(o, list + first, end - first, allowed);
	}
}

void forecast_make(const struct fleet *f, const struct snapshot *s, int64_t at, int64_t until,
		   struct arena *a, struct forecast *out)
{
	struct outlook o = { .f = f, .s = s, .a = a, .at = at, .until = until };
	size_t user = 0;

	list_users(&o);
	for (size_t i = 0; i < f->certificate_count; i++) {
		size_t first = user;

		while (user < o.user_count && o.users[user].certificate == &f->certificates[i])
			user++;
		foresee(&o, &f->certificates[i], o.users + first, user - first);
	}
	list_days(&o);
	*out = (struct forecast){ .fleet = f,
				  .at = at,
				  .until = until,
				  .days = o.days.items,
				  .day_count = o.days.count,
				  .imports = o.imports.items,
				  .import_count = o.imports.count,
				  .conflicts = o.conflicts.items,
				  .conflict_count = o.conflicts.count };
	for (size_t i = 0; i < out->day_count && !out->first_over; i++)
		if (out->days[i].over_limits)
			out->first_over = &out->days[i];
}
