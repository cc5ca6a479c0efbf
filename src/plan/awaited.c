/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/awaited.h"

#include "base/fs.h"
#include "base/text.h"
#include "plan/component_steps.h"
#include "plan/precondition.h"
#include "plan/scope.h"

#include <string.h>

static bool is_handoff(const struct component_build *c)
{
	return c->component->deliver.kind == DRIVER_HANDOFF;
}

/* As the user wrote it, for people. */
static const char *shown_file(struct plan_builder *d, const char *path)
{
	return text_escaped(&d->scratch, fs_beneath(d->fleet->directory, path));
}

static bool is_wanted(const struct component_build *c, const char *fingerprint)
{
	return text_equal(c->certificate->fingerprint, fingerprint) && fingerprint;
}

/* ---- --handed-over ---- */

bool awaited_read(struct plan_builder *d, struct err *e)
{
	const struct choices *choices = &d->in->choices;
	struct targets *ts = &d->handed_over;

	ts->list = arena_array(&d->scratch, choices->handed_over_count, sizeof(*ts->list));
	for (; ts->count < choices->handed_over_count; ts->count++)
		if (!target_parse(choices->handed_over[ts->count], &ts->list[ts->count], e))
			return err_in(e, "--handed-over");
	targets_sort(ts);
	return true;
}

static bool is_said(struct plan_builder *d, const struct component_build *c)
{
	const struct subject subject = component_subject(c->component);
	const struct subject named = { .component = c->certificate->name };
	/* both are asked, which marks what is used */
	bool by_component = targets_cover(&d->handed_over, &subject);
	bool by_certificate = targets_cover(&d->handed_over, &named);

	return by_component || by_certificate;
}

static bool refuse_said(struct plan_builder *d, const struct component_build *c, struct err *e)
{
	const char *name = text_escaped(&d->scratch, c->name);
	const struct written_file *f =
		snapshot_written(d->snapshot, c->component->deliver.handoff->file);
	const char *path = shown_file(d, c->component->deliver.handoff->file);

	if (!f || !f->complete)
		return err_set(
			e, ERR_USAGE,
			"'%s' waits for nothing yet: '%s' was never written; run 'certfleet apply' without --handed-over first",
			name, path);
	return err_set(
		e, ERR_USAGE,
		"what was handed over of '%s' is %.8s, and that is not what is wanted any more; run 'certfleet apply' without --handed-over, then import '%s' again",
		name, f->fingerprint, path);
}

/* What names no component whose pair a person hands over. */
static bool refuse_idle(struct plan_builder *d, struct plan_target *t, struct err *e)
{
	struct targets one = { .list = t, .count = 1 };

	return scope_knows(d, &one, e) &&
	       err_set(e, ERR_USAGE, "no pair of '%s' is handed over by a person in this plan",
		       text_escaped(&d->scratch, target_text(&d->scratch, t)));
}

bool awaited_check(struct plan_builder *d, struct err *e)
{
	struct targets *ts = &d->handed_over;

	for (size_t i = 0; i < d->fleet->component_count; i++) {
		const struct component_build *c = &d->components[i];

		if (c->in_scope && is_handoff(c) && is_said(d, c) && c->awaits &&
		    !refuse_said(d, c, e))
			return err_in(e, "--handed-over");
	}
	for (size_t i = 0; i < ts->count; i++)
		if (!ts->list[i].used && !refuse_idle(d, &ts->list[i], e))
			return err_in(e, "--handed-over");
	return true;
}

/* ---- one component ---- */

/* Whether nothing is left to do for it: its port shows the pair, or nothing could. */
static bool awaited_is_settled(const struct component_build *c, enum drift served)
{
	return served == DRIFT_NONE || (is_wanted(c, c->seen->now.installed) &&
					!component_is_provable(c->component, c->seen));
}

static bool is_of_file(const struct component_build *c, const struct component_build *other)
{
	return is_handoff(other) && !strcmp(c->component->deliver.handoff->file,
					    other->component->deliver.handoff->file);
}

/* Whether that holds for all whom the file is for. */
static bool file_is_settled(const struct plan_builder *d, const struct component_build *c)
{
	for (size_t i = 0; i < d->fleet->component_count; i++) {
		const struct component_build *other = &d->components[i];
		const struct certificate_build *used = other->certificate;

		if (is_of_file(c, other) &&
		    !awaited_is_settled(
			    other, served_drift(&other->seen->now, used->fingerprint, used->chain)))
			return false;
	}
	return true;
}

/* Of an interrupted run that could not record what it wrote, nothing was handed over. */
static bool was_written(const struct plan_builder *d, const struct component_build *c)
{
	const struct written_file *f =
		snapshot_written(d->snapshot, c->component->deliver.handoff->file);

	return f && f->complete && is_wanted(c, f->fingerprint);
}

struct need awaited_need(struct plan_builder *d, struct component_build *c, enum drift served,
			 struct need need)
{
	const char *over = c->seen->now.installed;
	bool is_here = is_wanted(c, c->seen->now.staged);

	c->handed = true;
	if (awaited_is_settled(c, served)) {
		need.write =
			is_wanted(c, over) ? is_here && file_is_settled(d, c) : is_here || over;
		need.verify |= need.write; /* and the state knows it as proven */
		return need;
	}
	if (is_wanted(c, over))
		return need;
	c->awaits = !is_said(d, c) || !was_written(d, c);
	c->handed = is_here || !c->awaits;
	return (struct need){ .write = true, .activate = true, .verify = true };
}

const char *awaited_reason(struct plan_builder *d, const struct component_build *c)
{
	const char *path = shown_file(d, c->component->deliver.handoff->file);

	if (c->awaits)
		return arena_printf(d->kept, "'%s', for a person to import", path);
	if (is_wanted(c, c->seen->now.installed))
		return arena_printf(d->kept, "it has the pair: '%s' is removed", path);
	if (is_wanted(c, c->seen->now.served))
		return "a person has handed it over: its port serves it";
	return "a person has handed it over, as --handed-over says";
}

/* ---- who waits ---- */

static void add_awaited(struct plan_builder *d, const struct component_build *c)
{
	struct precondition_spec f = precondition_of_component(c, CODE_AWAITING_HANDOFF, true);
	const char *path = shown_file(d, c->component->deliver.handoff->file);

	f.message = arena_printf(d->kept, "a person has to import '%s'%s", path,
				 c->handed ? "" : ", which this plan writes");
	if (!c->component->verify_count)
		f.remedy = arena_printf(
			d->kept,
			"import it, then run 'certfleet apply --handed-over %s': no port shows it",
			c->name);
	else if (component_activation(c->component, c->seen) != ACTIVATION_NONE)
		f.remedy = arena_printf(
			d->kept,
			"import it, then run 'certfleet apply --handed-over %s': its port shows it only once its process has taken it",
			c->name);
	precondition_add(d, &f);
}

/*
 * Roles, by rank, that wait for a component of the certificate in an earlier role; the
 * name of that component.
 */
static void waiting_roles(struct plan_builder *d, const struct certificate_build *of,
			  const char **waits)
{
	const struct fleet *f = d->fleet;
	const struct role **by_rank =
		arena_array(&d->scratch, f->role_count, sizeof(struct role *));
	const char **held = arena_array(&d->scratch, f->role_count, sizeof(*held));

	for (size_t i = 0; i < f->role_count; i++)
		by_rank[f->roles[i].rank] = &f->roles[i];
	for (size_t i = 0; i < f->component_count; i++) {
		const struct component_build *c = &d->components[i];

		if (c->certificate == of && c->held)
			held[c->component->role->rank] = c->held;
	}
	for (size_t rank = 0; rank < f->role_count; rank++)
		for (size_t i = 0; i < by_rank[rank]->after_count && !waits[rank]; i++) {
			size_t before = by_rank[rank]->after[i]->rank;

			waits[rank] = held[before] ? held[before] : waits[before];
		}
}

static void hold_others(struct plan_builder *d, const struct component_build *awaited)
{
	const struct certificate_build *of = awaited->certificate;
	bool all = of->certificate->commit == COMMIT_ALL_FIRST;
	const char **waits = arena_array(&d->scratch, d->fleet->role_count, sizeof(*waits));

	waiting_roles(d, of, waits);
	for (size_t i = 0; i < d->fleet->component_count; i++) {
		struct component_build *c = &d->components[i];
		const char *by = all ? awaited->name : waits[c->component->role->rank];

		if (c->certificate == of && c->in_scope && !c->held && !c->left && by &&
		    component_wants(c))
			c->held = by;
	}
}

void awaited_hold(struct plan_builder *d)
{
	size_t count = d->fleet->component_count;

	for (size_t i = 0; i < count; i++) {
		struct component_build *c = &d->components[i];

		if (!c->awaits || !c->in_scope || c->left)
			continue;
		c->held = c->name;
		add_awaited(d, c);
	}
	for (size_t i = 0; i < count; i++)
		if (d->components[i].awaits && d->components[i].held)
			hold_others(d, &d->components[i]);
}

/* ---- exports ---- */

bool certificate_exports(const struct plan_builder *d, const struct certificate_build *c)
{
	const char *path = c->certificate->export;
	const struct written_file *f = path ? snapshot_written(d->snapshot, path) : NULL;

	if (!path || !c->in_scope || c->left)
		return false;
	if (c->job != CERTIFICATE_KEEP)
		return true;
	return c->fingerprint && !(f && f->complete && text_equal(f->fingerprint, c->fingerprint));
}
