/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/scope.h"

#include "base/text.h"

#include <string.h>

static bool read_targets(struct plan_builder *d, struct targets *ts, struct err *e)
{
	const struct choices *c = &d->in->choices;

	ts->count = c->target_count;
	ts->list = arena_array(&d->scratch, ts->count, sizeof(*ts->list));
	for (size_t i = 0; i < ts->count; i++)
		if (!target_parse(c->targets[i], &ts->list[i], e))
			return false;
	targets_sort(ts);
	return true;
}

static void scope_certificates(struct plan_builder *d, struct targets *ts)
{
	for (size_t i = 0; i < d->fleet->certificate_count; i++) {
		struct certificate_build *c = &d->certificates[i];
		const struct subject s = certificate_subject(c->certificate);

		c->in_scope = targets_cover(ts, &s) || !d->in->choices.target_count;
	}
}

static void scope_components(struct plan_builder *d, struct targets *ts)
{
	for (size_t i = 0; i < d->fleet->component_count; i++) {
		struct component_build *c = &d->components[i];
		const struct subject s = component_subject(c->component);

		c->in_scope = targets_cover(ts, &s) || !d->in->choices.target_count;
	}
	/* In a second pass: a certificate needed by one component in scope must
	 * not bring its other components into scope. */
	for (size_t i = 0; i < d->fleet->component_count; i++)
		if (d->components[i].in_scope)
			d->components[i].certificate->in_scope = true;
}

static void scope_issuers(struct plan_builder *d, struct targets *ts)
{
	for (size_t i = 0; i < d->fleet->issuer_count; i++) {
		struct issuer_build *issuer = &d->issuers[i];
		const struct subject s = { .issuer = issuer->issuer->name };

		issuer->in_scope = targets_cover(ts, &s) || !d->in->choices.target_count;
	}
	for (size_t i = 0; i < d->fleet->certificate_count; i++)
		if (d->certificates[i].in_scope && d->certificates[i].issuer)
			d->certificates[i].issuer->in_scope = true;
}

static void scope_removed(struct plan_builder *d, struct targets *ts)
{
	for (size_t i = 0; i < d->snapshot->component_count; i++) {
		const struct component_seen *seen = &d->snapshot->components[i];
		const struct subject s = { .component = seen->name };

		if (!seen->known)
			continue;
		d->known_count++;
		if (fleet_component(d->fleet, seen->name) || fleet_is_absent(d->fleet, seen->name))
			continue;
		if (targets_cover(ts, &s) || !d->in->choices.target_count)
			VEC_PUSH(&d->removed, &d->scratch, seen);
	}
}

/* Names that a target of this kind may have, terminated by NULL. */
static const char *const *candidates(struct plan_builder *d, enum target_kind kind)
{
	const struct fleet *f = d->fleet;
	VEC(const char *) names = { 0 };

	switch (kind) {
	case TARGET_COMPONENT:
		for (size_t i = 0; i < f->component_count; i++)
			VEC_PUSH(&names, &d->scratch, f->components[i].name);
		for (size_t i = 0; i < f->group_count; i++)
			VEC_PUSH(&names, &d->scratch, f->groups[i]);
		break;
	case TARGET_ROLE:
		for (size_t i = 0; i < f->role_count; i++)
			VEC_PUSH(&names, &d->scratch, f->roles[i].name);
		break;
	case TARGET_CERTIFICATE:
		for (size_t i = 0; i < f->certificate_count; i++)
			VEC_PUSH(&names, &d->scratch, f->certificates[i].name);
		break;
	case TARGET_ISSUER:
		for (size_t i = 0; i < f->issuer_count; i++)
			VEC_PUSH(&names, &d->scratch, f->issuers[i].name);
		break;
	case TARGET_KIND_COUNT:
		break;
	}
	VEC_PUSH(&names, &d->scratch, NULL);
	return names.items;
}

static bool refuse_unknown(struct plan_builder *d, const struct plan_target *t, struct err *e)
{
	struct arena *a = &d->scratch;
	const char *near = text_nearest(t->name, candidates(d, t->kind));
	const char *text = text_escaped(a, target_text(a, t));

	if (!near)
		return err_set(
			e, ERR_USAGE,
			"'%s' is not in the fleet file; name a component or group, or role:NAME, certificate:NAME, issuer:NAME",
			text);

	const struct plan_target meant = { .kind = t->kind, .name = near };

	return err_set(e, ERR_USAGE, "'%s' is not in the fleet file, did you mean '%s'?", text,
		       text_escaped(a, target_text(a, &meant)));
}

/* Of an option whose word is the name of a certificate, and nothing else. */
static bool refuse_unknown_certificate(struct plan_builder *d, const char *name, struct err *e)
{
	const char *near = text_nearest(name, candidates(d, TARGET_CERTIFICATE));
	const char *text = text_escaped(&d->scratch, name);

	if (near)
		return err_set(e, ERR_USAGE,
			       "there is no certificate '%s' in the fleet file, did you mean '%s'?",
			       text, near);
	return err_set(
		e, ERR_USAGE,
		"there is no certificate '%s' in the fleet file; 'certfleet status' lists them",
		text);
}

bool scope_refuse_certificate(struct plan_builder *d, const struct plan_target *t, struct err *e)
{
	struct plan_target alone = *t;
	struct targets ts = { .list = &alone, .count = 1 };
	const char *name = text_escaped(&d->scratch, t->name);

	for (size_t i = 0; i < d->fleet->certificate_count; i++) {
		const struct subject s = { .certificate = d->fleet->certificates[i].name };

		if (targets_cover(&ts, &s))
			return err_set(e, ERR_USAGE,
				       "'%s' is outside of --target, add --target certificate:%s",
				       name, name);
	}
	return refuse_unknown_certificate(d, t->name, e);
}

static bool read_reissue(struct plan_builder *d, struct err *e)
{
	const struct choices *choices = &d->in->choices;
	struct targets ts = { .count = choices->reissue_count };

	ts.list = arena_array(&d->scratch, ts.count, sizeof(*ts.list));
	for (size_t i = 0; i < ts.count; i++)
		ts.list[i] = (struct plan_target){ .kind = TARGET_CERTIFICATE,
						   .name = choices->reissue[i] };
	targets_sort(&ts);
	for (size_t i = 0; i < d->fleet->certificate_count; i++) {
		struct certificate_build *c = &d->certificates[i];
		const struct subject s = { .certificate = c->certificate->name };

		if (!c->in_scope || !targets_cover(&ts, &s))
			continue;
		if (c->certificate->import.kind != IMPORT_NONE)
			return err_set(e, ERR_USAGE,
				       "'%s' is imported, not issued: replace its file",
				       c->certificate->name);
		if (c->certificate->builtin)
			return err_set(e, ERR_USAGE, "'%s' is built in, and never issued",
				       c->certificate->name);
		c->reissue = true;
	}

	const struct plan_target *unknown = targets_unused(&ts);

	return !unknown || scope_refuse_certificate(d, unknown, e);
}

/* Whether the fleet file has the role or group, even an empty one. */
static bool is_in_file(const struct plan_builder *d, const struct plan_target *t)
{
	switch (t->kind) {
	case TARGET_COMPONENT:
		return fleet_has_group(d->fleet, t->name) || fleet_is_absent(d->fleet, t->name);
	case TARGET_ROLE:
		return fleet_role(d->fleet, t->name) != NULL;
	case TARGET_CERTIFICATE:
	case TARGET_ISSUER:
	case TARGET_KIND_COUNT:
		break; /* certificates and issuers cover at least themselves */
	}
	return false;
}

/* Preconditions show certificates and issuers by their bare names. */
static void cover_name(struct targets *ts, const char *name)
{
	const struct subject s = { .component = name };

	(void)targets_cover(ts, &s);
}

/* Marks targets that name anything in the fleet file or the state. */
static void cover_known(struct plan_builder *d, struct targets *ts)
{
	const struct fleet *f = d->fleet;

	for (size_t i = 0; i < f->component_count; i++) {
		const struct subject s = component_subject(&f->components[i]);

		(void)targets_cover(ts, &s);
	}
	for (size_t i = 0; i < f->certificate_count; i++) {
		const struct subject s = certificate_subject(&f->certificates[i]);

		(void)targets_cover(ts, &s);
		cover_name(ts, s.certificate);
	}
	for (size_t i = 0; i < f->issuer_count; i++) {
		const struct subject s = { .issuer = f->issuers[i].name };

		(void)targets_cover(ts, &s);
		cover_name(ts, s.issuer);
	}
	for (size_t i = 0; i < d->snapshot->component_count; i++)
		if (d->snapshot->components[i].known)
			cover_name(ts, d->snapshot->components[i].name);
}

bool scope_knows(struct plan_builder *d, struct targets *ts, struct err *e)
{
	if (targets_unused(ts))
		cover_known(d, ts);
	for (size_t i = 0; i < ts->count; i++) {
		const struct plan_target *t = &ts->list[i];

		if (!t->used && *t->name && !is_in_file(d, t))
			return refuse_unknown(d, t, e);
	}
	return true;
}

bool scope_apply(struct plan_builder *d, struct err *e)
{
	struct targets ts = { 0 };

	if (!read_targets(d, &ts, e))
		return err_in(e, "--target");
	scope_certificates(d, &ts);
	scope_components(d, &ts);
	scope_issuers(d, &ts);
	scope_removed(d, &ts);
	for (size_t i = 0; i < ts.count; i++)
		if (!ts.list[i].used && !is_in_file(d, &ts.list[i]) &&
		    !refuse_unknown(d, &ts.list[i], e))
			return err_in(e, "--target");
	return read_reissue(d, e) || err_in(e, "--reissue");
}
