/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/saved_plan.h"
#include "base/text.h"

#include "base/vec.h"
#include "crypto/crypto.h"
#include "plan/codes.h"
#include "plan/planner.h"

#include <stdlib.h>
#include <string.h>

const char *plan_hash(const char *json, struct arena *a)
{
	char digest[SHA256_TEXT];

	sha256_text(json, strlen(json), digest);
	return arena_strdup(a, digest);
}

static bool same_step(const struct step *a, const struct step *b)
{
	return a->kind == b->kind && text_equal(a->component, b->component) &&
	       text_equal(a->certificate, b->certificate) &&
	       text_equal(a->generation, b->generation) && text_equal(a->replaces, b->replaces) &&
	       a->activation == b->activation && a->wave == b->wave;
}

const struct component_seen *saved_plan_seen_in(const struct plan *p, const char *name)
{
	return text_find(name, p->observed, p->observed_count, sizeof(*p->observed));
}

static const char *saved_plan_shown(const char *text)
{
	return !text ? "unknown" : *text ? text : "nothing";
}

bool saved_plan_moved(const char *component, const char *what, const char *before, const char *now,
		      struct err *e)
{
	return err_set(
		e, ERR_STALE,
		"'%s' changed since the plan was made: %s was %.12s, is %.12s; make a new plan",
		component, what, saved_plan_shown(before), saved_plan_shown(now));
}

struct observed_change {
	const char *what; /* NULL: none */
	const char *before;
	const char *now;
};

static struct observed_change observed_change(const struct observation *before,
					      const struct observation *now)
{
	if (before->online != now->online)
		return (struct observed_change){ "it", before->online ? "online" : "offline",
						 now->online ? "online" : "offline" };
	if (!text_equal(before->version, now->version))
		return (struct observed_change){ "its version", before->version, now->version };
	if (!text_equal(before->installed, now->installed))
		return (struct observed_change){ "installed", before->installed, now->installed };
	if (!text_equal(before->served, now->served))
		return (struct observed_change){ "served", before->served, now->served };
	return (struct observed_change){ 0 };
}

static bool same_observed(const char *name, const struct observation *before,
			  const struct observation *now, struct err *e)
{
	const struct observed_change c = observed_change(before, now);

	return !c.what || saved_plan_moved(name, c.what, c.before, c.now, e);
}

static bool same_components(const struct plan *saved, const struct plan *fresh, struct err *e)
{
	for (size_t i = 0; i < saved->step_count; i++) {
		const char *name = saved->steps[i].component;
		const struct component_seen *before = name ? saved_plan_seen_in(saved, name) : NULL;
		const struct component_seen *after =
			before ? saved_plan_seen_in(fresh, name) : NULL;

		if (!before)
			continue;
		if (!after)
			return err_set(e, ERR_STALE, "'%s' is gone; make a new plan", name);
		if (!same_observed(name, &before->now, &after->now, e))
			return false;
	}
	return true;
}

static bool is_copy_failed(const struct precondition *p)
{
	return !strcmp(p->code, code_rows[CODE_BACKUP_COPY_FAILED].name);
}

/* A copy that fails now, and did not when the plan was made. */
static bool same_copies(const struct plan *saved, const struct plan *fresh, struct err *e)
{
	for (size_t i = 0; i < fresh->precondition_count; i++) {
		const struct precondition *now = &fresh->preconditions[i];
		bool known = !is_copy_failed(now);

		for (size_t k = 0; k < saved->precondition_count && !known; k++)
			known = is_copy_failed(&saved->preconditions[k]) &&
				!strcmp(saved->preconditions[k].component, now->component);
		if (!known)
			return err_set(
				e, ERR_STALE,
				"the copy '%s' takes no bundle since the plan was made: %s; apply it again when it does, or make a new plan",
				now->component, now->message);
	}
	return true;
}

bool saved_plan_same_ground(const struct plan *saved, const struct plan *fresh, struct err *e)
{
	if (strcmp(saved->spec_digest, fresh->spec_digest) != 0)
		return err_set(
			e, ERR_STALE,
			"the fleet file, an import, or a file of authorities or host keys changed since the plan was made; make a new plan");
	if (*saved->lineage && strcmp(saved->lineage, fresh->lineage) != 0)
		return err_set(
			e, ERR_STALE,
			"the plan was made for another state (lineage %.8s, here it is %.8s)",
			saved->lineage, saved_plan_shown(fresh->lineage));
	return true;
}

bool saved_plan_fits(const struct plan *saved, const struct plan *fresh, struct err *e)
{
	if (!saved_plan_same_ground(saved, fresh, e))
		return false;
	if (saved->serial != fresh->serial || strcmp(saved->lineage, fresh->lineage) != 0)
		return err_set(
			e, ERR_STALE,
			"the state moved since the plan was made (serial was %lld, is %lld); make a new plan",
			(long long)saved->serial, (long long)fresh->serial);
	if (!same_components(saved, fresh, e) || !same_copies(saved, fresh, e))
		return false;
	for (size_t i = 0; i < saved->step_count || i < fresh->step_count; i++)
		if (i >= saved->step_count || i >= fresh->step_count ||
		    !same_step(&saved->steps[i], &fresh->steps[i]))
			return err_set(e, ERR_STALE,
				       "step %zu would be another one now; make a new plan", i + 1);
	return plan_is_same(saved, fresh, e);
}

/* ---- components that moved ---- */

/* Preconditions to look up by component. */
struct trouble_list {
	const struct precondition **items; /* sorted */
	size_t count;
};

static int compare_trouble(const void *left, const void *right)
{
	const struct precondition *l = *(const struct precondition *const *)left;
	const struct precondition *r = *(const struct precondition *const *)right;
	int order = strcmp(l->component, r->component);

	return order ? order : strcmp(l->code, r->code);
}

/* Of one component the one that stands first in the plan comes first. */
static int compare_trouble_place(const void *left, const void *right)
{
	const struct precondition *l = *(const struct precondition *const *)left;
	const struct precondition *r = *(const struct precondition *const *)right;
	int order = strcmp(l->component, r->component);

	return order ? order : (l > r) - (l < r);
}

static struct trouble_list troubles_of(const struct plan *p, struct arena *a)
{
	struct trouble_list list = {
		.items = arena_array(a, p->precondition_count, sizeof(*list.items)),
		.count = p->precondition_count,
	};

	for (size_t i = 0; i < list.count; i++)
		list.items[i] = &p->preconditions[i];
	if (list.count)
		qsort(list.items, list.count, sizeof(*list.items), compare_trouble);
	return list;
}

/* What blocks a component, or waits for an acknowledgement, since the plan was saved. */
static struct trouble_list new_troubles(const struct plan *saved, const struct plan *fresh,
					struct arena *a)
{
	const struct trouble_list known = troubles_of(saved, a);
	struct trouble_list list = { .items = arena_array(a, fresh->precondition_count,
							  sizeof(*list.items)) };

	for (size_t i = 0; i < fresh->precondition_count; i++) {
		const struct precondition *c = &fresh->preconditions[i];

		if (c->severity != SEVERITY_INFO && !c->acknowledged &&
		    c->about == ABOUT_COMPONENT &&
		    !(known.count &&
		      bsearch(&c, known.items, known.count, sizeof(*known.items), compare_trouble)))
			list.items[list.count++] = c;
	}
	if (list.count)
		qsort(list.items, list.count, sizeof(*list.items), compare_trouble_place);
	return list;
}

static int compare_component(const void *component, const void *item)
{
	return strcmp(component, (*(const struct precondition *const *)item)->component);
}

/* Code of the first of the component's; NULL: it has none. */
static const char *trouble_of(const struct trouble_list *list, const char *component)
{
	size_t low = sorted_first(component, list->items, list->count, sizeof(*list->items),
				  compare_component);

	return low < list->count && !strcmp(list->items[low]->component, component)
		       ? list->items[low]->code
		       : NULL;
}

/* How a component moved since it was saved; NULL: not at all. */
static const char *moved_reason(const struct component_seen *saved, const struct plan *fresh,
				const struct trouble_list *troubles, struct arena *a)
{
	const struct observation *before = &saved->now;
	const char *name = saved->name;
	const struct component_seen *now = saved_plan_seen_in(fresh, name);
	const struct observed_change c =
		now ? observed_change(before, &now->now) : (struct observed_change){ 0 };
	const char *code = NULL;

	if (c.what)
		return arena_printf(a, "%s was %.12s, is %.12s", c.what, saved_plan_shown(c.before),
				    saved_plan_shown(c.now));
	if (now && !text_equal(before->error, now->now.error))
		return "why something of it is unknown changed";
	code = trouble_of(troubles, name);
	return code ? arena_printf(a, "'%s' holds it up since the plan was saved", code) : NULL;
}

size_t saved_plan_left_by(const struct plan *saved, const struct plan *fresh, struct arena *a,
			  const struct moved_component **out)
{
	const struct trouble_list troubles = new_troubles(saved, fresh, a);
	struct moved_component *moved = arena_array(a, saved->observed_count, sizeof(*moved));
	size_t count = 0;

	for (size_t i = 0; i < saved->observed_count; i++) {
		const struct component_seen *seen = &saved->observed[i];
		const char *why = moved_reason(seen, fresh, &troubles, a);

		if (why)
			moved[count++] = (struct moved_component){ seen->name, why };
	}
	*out = moved;
	return count;
}
