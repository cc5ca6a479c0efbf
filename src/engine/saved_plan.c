/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/saved_plan.h"
#include "base/text.h"

#include "crypto/crypto.h"
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
	size_t low = 0;
	size_t high = p->observed_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(p->observed[middle].name, name);

		if (order == 0)
			return &p->observed[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
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

static bool same_observed(const char *name, const struct observation *before,
			  const struct observation *now, struct err *e)
{
	if (before->online != now->online)
		return saved_plan_moved(name, "it", before->online ? "online" : "offline",
					now->online ? "online" : "offline", e);
	if (!text_equal(before->version, now->version))
		return saved_plan_moved(name, "its version", before->version, now->version, e);
	if (!text_equal(before->installed, now->installed))
		return saved_plan_moved(name, "installed", before->installed, now->installed, e);
	if (!text_equal(before->served, now->served))
		return saved_plan_moved(name, "served", before->served, now->served, e);
	return true;
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
	if (!same_components(saved, fresh, e))
		return false;
	for (size_t i = 0; i < saved->step_count || i < fresh->step_count; i++)
		if (i >= saved->step_count || i >= fresh->step_count ||
		    !same_step(&saved->steps[i], &fresh->steps[i]))
			return err_set(e, ERR_STALE,
				       "step %zu would be another one now; make a new plan", i + 1);
	return plan_is_same(saved, fresh, e);
}
