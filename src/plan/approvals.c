/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes that signers have to approve.  A renewal of an unchanged request is none.  A plan
 * is shown and saved as if they were approved, since that is what signers approve; an apply
 * without a saved plan leaves each of them out.
 */
#include "base/text.h"
#include "model/approval.h"
#include "model/issue_request.h"
#include "plan/contact_list.h"
#include "plan/precondition.h"
#include "plan/preconditions.h"

#include <string.h>

static const struct approval_rules *rules_of(const struct plan_builder *d)
{
	return d->snapshot->approvals;
}

static bool is_asked(const struct plan_builder *d, enum approval_class class)
{
	return rules_of(d)->about & 1u << class;
}

bool approvals_ask(const struct plan_builder *d, enum approval_class class)
{
	const struct approval_rules *asked = d->snapshot->approvals_asked;

	return (rules_of(d) && is_asked(d, class)) || (asked && asked->about & 1u << class);
}

/* Whether the change is approved, as far as this plan knows. */
static bool approval_add(struct plan_builder *d, struct precondition_spec f, const char *what)
{
	unsigned required = rules_of(d)->required;

	f.code = CODE_APPROVAL_MISSING;
	f.severity = d->in->unapproved ? SEVERITY_ACKNOWLEDGE : SEVERITY_INFO;
	f.message = arena_printf(d->kept, "%s needs %u approval%s", what, required,
				 required == 1 ? "" : "s");
	precondition_add(d, &f);
	d->approval_count++;
	return f.severity == SEVERITY_INFO ||
	       d->preconditions.items[d->preconditions.count - 1].acknowledged;
}

static void approvals_of_contacts(struct plan_builder *d, struct contacts *c,
				  struct precondition_spec f, const char *what)
{
	if (c->are_new && is_asked(d, APPROVE_CONTACTS))
		c->held = !approval_add(d, f, what);
}

static void approvals_of_issuer(struct plan_builder *d, struct issuer_build *i)
{
	const struct precondition_spec f = { .name = i->name, .subject = { .issuer = i->name } };
	bool unchanged = i->replaced &&
			 !request_changes(i->replaced->request,
					  issuer_request(i->issuer, &d->scratch), &d->scratch);

	if (i->in_scope && i->reason && !unchanged && is_asked(d, APPROVE_ISSUERS))
		approval_add(d, f, "a new authority");
	approvals_of_contacts(d, &i->contacts, f, "what it reaches for the first time");
}

/*
 * Whether the certificate is first made or imported, asks for something else than what was
 * made last, or goes back to what did.
 */
static bool is_new_request(const struct plan_builder *d, const struct certificate_build *c)
{
	const struct generation *last = snapshot_newest(d->snapshot, OF_CERTIFICATE, c->name);
	bool back = c->hold_begins || d->snapshot->source;

	switch (c->job) {
	case CERTIFICATE_KEEP:
		return back && c->kept && last && strcmp(c->kept->request, last->request) != 0;
	case CERTIFICATE_IMPORT:
		return !last || last->source != SOURCE_IMPORTED || d->snapshot->source;
	case CERTIFICATE_ISSUE:
		return !last || last->source != SOURCE_ISSUED ||
		       strcmp(last->request, c->request) != 0;
	}
	return false;
}

static void approvals_of_certificate(struct plan_builder *d, struct certificate_build *c)
{
	struct precondition_spec f = { .name = c->name,
				       .subject = certificate_subject(c->certificate) };

	if (c->in_scope && is_new_request(d, c) && is_asked(d, APPROVE_REQUESTS))
		approval_add(d, f, "a new or changed request");
	approvals_of_contacts(d, &c->contacts, f, "what it reaches for the first time");
}

static void approvals_of_component(struct plan_builder *d, struct component_build *c)
{
	const struct precondition_spec f = { .name = c->name,
					     .subject = component_subject(c->component) };

	approvals_of_contacts(d, &c->contacts, f, "what it reaches for the first time");
}

/* What leaves the fleet file, or is used no more. */
static void approvals_of_removals(struct plan_builder *d)
{
	const char *const *left = NULL;
	size_t left_count = contact_new_items(d->reach, CONTACT_LEFT, &left);
	VEC(const char *) items = { 0 };

	if (!(d->removed.count + left_count) || !is_asked(d, APPROVE_REMOVALS))
		return;
	for (size_t i = 0; i < d->removed.count; i++)
		VEC_PUSH(&items, d->kept,
			 arena_printf(d->kept, "component %s", d->removed.items[i]->name));
	for (size_t i = 0; i < left_count; i++)
		VEC_PUSH(&items, d->kept, left[i]);
	d->left.held = !approval_add(d,
				     (struct precondition_spec){ .name = "",
								 .retirements = true,
								 .items = items.items,
								 .item_count = items.count },
				     "what is removed");
}

/*
 * The old rules stay until others are approved: nothing else waits for the new ones, nor
 * for a target of notifications, which is told nothing before.
 */
static void approvals_of_fleet(struct plan_builder *d)
{
	if (!approval_rules_equal(rules_of(d), d->snapshot->approvals_asked))
		d->rules_held =
			!approval_add(d, (struct precondition_spec){ .name = "", .alone = true },
				      "another rule in 'approvals'");
	approvals_of_contacts(d, &d->contacts, (struct precondition_spec){ .name = "" },
			      "what the fleet reaches for the first time");
	approvals_of_contacts(d, &d->notify,
			      (struct precondition_spec){ .name = "", .alone = true },
			      "what 'notify' reaches for the first time");
	approvals_of_removals(d);
}

void approvals_check_needed(struct plan_builder *d)
{
	if (!rules_of(d))
		return;
	approvals_of_fleet(d);
	for (size_t i = 0; i < d->fleet->issuer_count; i++)
		approvals_of_issuer(d, &d->issuers[i]);
	for (size_t i = 0; i < d->fleet->certificate_count; i++)
		approvals_of_certificate(d, &d->certificates[i]);
	for (size_t i = 0; i < d->fleet->component_count; i++)
		approvals_of_component(d, &d->components[i]);
}

void approvals_finish(const struct plan_builder *d, struct plan *p)
{
	p->approval_count = d->approval_count;
	p->approvals_change =
		!d->rules_held && !approval_rules_equal(rules_of(d), d->snapshot->approvals_asked);
}
