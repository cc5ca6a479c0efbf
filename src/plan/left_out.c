/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/left_out.h"

#include "plan/component_steps.h"
#include "plan/waves.h"

#include <string.h>

const struct cause *accepted_cause(struct plan_builder *d, enum code code, const char *name)
{
	struct cause *cause = ARENA_NEW(&d->scratch, struct cause);

	*cause = (struct cause){ .code = code, .name = name, .accepted = true };
	return cause;
}

void leave_component(struct component_build *c, const struct cause *cause)
{
	if (!c->left || (c->left->accepted && !cause->accepted))
		c->left = cause;
}

static void leave_certificate(struct certificate_build *c, const struct cause *cause)
{
	if (!c->left)
		c->left = cause;
}

static bool component_is_left(const struct component_build *c)
{
	return c->left && !c->left->accepted;
}

/* ---- units ---- */

static void leave_issuer(struct plan_builder *d, struct issuer_build *i, const struct cause *cause)
{
	if (!i->left)
		i->left = cause;
	for (size_t k = 0; k < d->fleet->certificate_count; k++)
		if (d->certificates[k].issuer == i)
			leave_certificate(&d->certificates[k], cause);
}

void leave_process(const struct process_build *p, const struct cause *cause)
{
	for (size_t i = 0; i < p->member_count; i++)
		if (p->members[i]->wanted.activate || p->members[i]->wanted.revert)
			leave_component(p->members[i], cause);
}

static void leave_role(struct plan_builder *d, const struct trouble *t)
{
	for (size_t i = 0; i < d->process_count; i++) {
		struct process_build *p = &d->processes[i];

		if (strcmp(p->role->name, t->subject.role) != 0)
			continue;
		if (t->unit == UNIT_PROCESS && !(process_restarts(p) && !p->down))
			continue;
		leave_process(p, t->cause);
	}
}

static void leave_all(struct plan_builder *d, const struct cause *cause)
{
	d->run_left = cause;
	for (size_t i = 0; i < d->fleet->issuer_count; i++)
		d->issuers[i].left = cause;
	for (size_t i = 0; i < d->fleet->certificate_count; i++)
		leave_certificate(&d->certificates[i], cause);
	for (size_t i = 0; i < d->fleet->component_count; i++)
		leave_component(&d->components[i], cause);
	d->retirements_left = cause;
}

static void leave_subject(struct plan_builder *d, const struct trouble *t)
{
	const struct subject *s = &t->subject;

	if (s->component)
		leave_component(builder_component(d, s->component), t->cause);
	else if (s->certificate)
		leave_certificate(builder_certificate(d, s->certificate), t->cause);
	else if (s->issuer)
		leave_issuer(d, builder_issuer(d, s->issuer), t->cause);
	else if (s->role)
		leave_role(d, t);
	else
		leave_all(d, t->cause);
}

static void leave_unit(struct plan_builder *d, const struct trouble *t)
{
	switch (t->unit) {
	case UNIT_SUBJECT:
		leave_subject(d, t);
		return;
	case UNIT_PROCESS:
		if (t->subject.component)
			leave_process(builder_component(d, t->subject.component)->runs_in,
				      t->cause);
		else
			leave_role(d, t);
		return;
	case UNIT_RETIREMENTS:
		d->retirements_left = t->cause;
		return;
	case UNIT_RUN:
		leave_all(d, t->cause);
		return;
	}
}

/* ---- what depends on them ---- */

static bool spread_to_certificates(struct plan_builder *d)
{
	bool spread = false;

	for (size_t i = 0; i < d->fleet->component_count; i++) {
		const struct component_build *c = &d->components[i];

		if (!component_is_left(c) || !component_wants(c) || c->certificate->left ||
		    c->certificate->certificate->commit != COMMIT_ALL_FIRST)
			continue;
		leave_certificate(c->certificate, c->left);
		spread = true;
	}
	return spread;
}

static void spread_to_components(struct plan_builder *d)
{
	for (size_t i = 0; i < d->fleet->component_count; i++) {
		struct component_build *c = &d->components[i];

		if (c->certificate->left && component_wants(c))
			leave_component(c, c->certificate->left);
	}
}

/* By role, in the order of `after`: why a component of the role waits; NULL: it does not. */
static void spread_waits(const struct role *const *by_rank, size_t count,
			 const struct cause *const *left, const struct cause **waits)
{
	for (size_t rank = 0; rank < count; rank++) {
		const struct role *role = by_rank[rank];

		for (size_t i = 0; i < role->after_count && !waits[rank]; i++) {
			size_t before = role->after[i]->rank;

			waits[rank] = left[before] ? left[before] : waits[before];
		}
	}
}

/*
 * Members of one certificate, the components sorted by certificate.  Each role
 * counts, so the lists are made for certificates that have something left out.
 */
static bool spread_by_role(struct plan_builder *d, struct component_build **users, size_t count,
			   const struct role *const *by_rank)
{
	size_t roles = d->fleet->role_count;
	const struct cause **left = NULL;
	const struct cause **waits = NULL;
	bool spread = false;

	for (size_t i = 0; i < count; i++) {
		if (!component_is_left(users[i]) || !component_wants(users[i]))
			continue;
		if (!left)
			left = arena_array(&d->scratch, roles, sizeof(*left));
		left[users[i]->component->role->rank] = users[i]->left;
	}
	if (!left)
		return false;
	waits = arena_array(&d->scratch, roles, sizeof(*waits));
	spread_waits(by_rank, roles, left, waits);
	for (size_t i = 0; i < count; i++) {
		struct component_build *c = users[i];
		const struct cause *cause = waits[c->component->role->rank];

		if (!cause || component_is_left(c) || !component_wants(c))
			continue;
		leave_component(c, cause);
		spread = true;
	}
	return spread;
}

static int compare_users(const void *left, const void *right)
{
	const struct component_build *l = *(struct component_build *const *)left;
	const struct component_build *r = *(struct component_build *const *)right;

	if (l->certificate != r->certificate)
		return l->certificate < r->certificate ? -1 : 1;
	return l < r ? -1 : l > r;
}

static bool any_role_waits(const struct fleet *f)
{
	for (size_t i = 0; i < f->role_count; i++)
		if (f->roles[i].after_count)
			return true;
	return false;
}

static bool spread_to_roles(struct plan_builder *d)
{
	size_t count = d->fleet->component_count;
	struct component_build **users = NULL;
	const struct role **by_rank = NULL;
	bool spread = false;

	if (!any_role_waits(d->fleet))
		return false;
	users = arena_array(&d->scratch, count, sizeof(struct component_build *));
	by_rank = arena_array(&d->scratch, d->fleet->role_count, sizeof(struct role *));
	for (size_t i = 0; i < d->fleet->role_count; i++)
		by_rank[d->fleet->roles[i].rank] = &d->fleet->roles[i];
	for (size_t i = 0; i < count; i++)
		users[i] = &d->components[i];
	if (count)
		qsort(users, count, sizeof(struct component_build *), compare_users);
	for (size_t first = 0, end = 0; first < count; first = end) {
		while (end < count && users[end]->certificate == users[first]->certificate)
			end++;
		spread |= spread_by_role(d, users + first, end - first, by_rank);
	}
	return spread;
}

void left_out_spread(struct plan_builder *d)
{
	/* an all-first certificate may hold up a role, which may hold up another one */
	for (bool spread = true; spread;) {
		spread_to_components(d);
		spread = spread_to_roles(d);
		spread |= spread_to_certificates(d);
	}
}

void left_out_decide(struct plan_builder *d)
{
	for (size_t i = 0; i < d->troubles.count; i++)
		leave_unit(d, &d->troubles.items[i]);
	if (d->troubles.count)
		left_out_spread(d);
}

/* ---- the list ---- */

static void list_one(struct plan_builder *d, const char *certificate, const char *component,
		     const struct cause *cause)
{
	VEC_PUSH(&d->left_out, d->kept,
		 (struct left_out){ .certificate = certificate,
				    .component = component,
				    .code = code_rows[cause->code].name,
				    .cause = cause->name });
}

/* Whether it would be made now, or cannot be: an import that cannot be read. */
static bool certificate_wants(const struct certificate_build *c)
{
	return c->in_scope && (c->job != CERTIFICATE_KEEP || c->import_error ||
			       (!c->desired && !c->certificate->builtin));
}

void left_out_list(struct plan_builder *d)
{
	for (size_t i = 0; i < d->fleet->issuer_count; i++) {
		const struct issuer_build *issuer = &d->issuers[i];

		if (issuer->left && issuer->in_scope && (!issuer->authority || issuer->publish))
			list_one(d, issuer->name, NULL, issuer->left);
	}
	for (size_t i = 0; i < d->fleet->certificate_count; i++) {
		const struct certificate_build *c = &d->certificates[i];

		if (c->left && certificate_wants(c))
			list_one(d, c->name, NULL, c->left);
	}
	for (size_t i = 0; i < d->fleet->component_count; i++) {
		const struct component_build *c = &d->components[i];

		if (c->left && component_wants(c))
			list_one(d, c->certificate->name, c->name, c->left);
		else if (c->held && component_wants(c))
			list_one(d, c->certificate->name, c->name,
				 &(struct cause){ CODE_AWAITING_HANDOFF, c->held });
	}
	for (size_t i = 0; d->retirements_left && i < d->removed.count; i++)
		list_one(d, builder_keep(d, d->removed.items[i]->certificate),
			 builder_keep(d, d->removed.items[i]->name), d->retirements_left);
}
