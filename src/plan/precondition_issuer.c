/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preconditions of issuers: acknowledgement is needed to replace a CA, the
 * fleet's own or a foreign one, and to sign client certificates with an issuer
 * of operators.
 */
#include "base/fs.h"
#include "base/text.h"
#include "plan/precondition.h"
#include "plan/preconditions.h"

#include <string.h>

/* ---- replacing an own CA ---- */

/* A request has one "field=value" line each (model/fleet.h). */
static bool asks_for_subject(const struct generation *g, const char *subject)
{
	static const char field[] = "subject=";
	size_t len = strlen(field);
	size_t end = strcspn(g->request, "\n");

	return !strncmp(g->request, field, len) && end == len + strlen(subject) &&
	       !strncmp(g->request + len, subject, strlen(subject));
}

/* Newest unexpired CA with this subject whose issuer left the fleet file. */
static const struct generation *find_left(const struct plan_builder *d, const char *subject)
{
	const struct snapshot *s = d->snapshot;
	const struct generation *found = NULL;

	for (size_t i = 0; i < s->generation_count; i++) {
		const struct generation *g = &s->generations[i];

		if (g->of == OF_ISSUER && !g->pending && g->not_after > d->in->at &&
		    !fleet_issuer(d->fleet, g->owner) && asks_for_subject(g, subject) &&
		    (!found || found->not_before <= g->not_before))
			found = g;
	}
	return found;
}

static void add_replaced(struct plan_builder *d, const struct issuer_build *i, const char *message,
			 const char *how)
{
	precondition_add(d, &(struct precondition_spec){
				    .code = CODE_ISSUER_REPLACED,
				    .severity = code_rows[CODE_ISSUER_REPLACED].severity,
				    .name = i->name,
				    .subject = { .issuer = i->issuer->name },
				    .message = message,
				    .remedy = how,
			    });
}

static void check_replaced(struct plan_builder *d, const struct issuer_build *i)
{
	const struct generation *left = NULL;

	if (i->replaced) {
		add_replaced(d, i,
			     arena_printf(d->kept, "a new authority replaces %s: %s",
					  builder_short(d, i->replaced->fingerprint), i->reason),
			     NULL);
		return;
	}
	left = i->authority ? NULL : find_left(d, i->issuer->subject);
	if (!left)
		return;
	add_replaced(
		d, i,
		arena_printf(
			d->kept,
			"a new authority replaces %s, which has the same subject: its issuer '%s' left the fleet file",
			builder_short(d, left->fingerprint),
			text_escaped(&d->scratch, left->owner)),
		arena_printf(
			d->kept,
			"say 'was: %s' if it only has a new name, or distribute the new authority to every client that trusts the old one",
			text_escaped(&d->scratch, left->owner)));
}

/* ---- replacing a foreign CA ---- */

/* Whether this plan makes, publishes or signs with a CA of this issuer. */
static bool issuer_has_step(const struct plan_builder *d, const struct issuer_build *i)
{
	if (!i->authority || i->publish)
		return true;
	for (size_t k = 0; k < d->fleet->certificate_count; k++) {
		const struct certificate_build *c = &d->certificates[k];

		if (c->in_scope && c->issuer == i && c->job != CERTIFICATE_KEEP)
			return true;
	}
	return false;
}

static bool issuer_precondition_is_accepted(const struct plan_builder *d, const char *key)
{
	const struct snapshot *s = d->snapshot;

	return text_find(key, s->accepted, s->accepted_count, sizeof(*s->accepted)) != NULL;
}

static const char *issuer_precondition_describe(struct plan_builder *d,
						const struct foreign_authority *f)
{
	if (f->path)
		return arena_printf(
			d->kept, "the file '%s' holds %s",
			text_escaped(&d->scratch, fs_beneath(d->fleet->directory, f->path)),
			builder_short(d, f->fingerprint));
	return arena_printf(d->kept, "component '%s': the %s leaf %s is signed by it",
			    text_escaped(&d->scratch, f->component), f->what,
			    builder_short(d, f->fingerprint));
}

static void check_foreign(struct plan_builder *d, const struct issuer_build *i)
{
	const struct snapshot *s = d->snapshot;
	VEC(const char *) items = { 0 };
	bool has_step = issuer_has_step(d, i);

	for (size_t k = 0; k < s->foreign_count; k++) {
		const struct foreign_authority *f = &s->foreign[k];
		const struct component *user = NULL;

		if (strcmp(f->subject, i->issuer->subject) != 0 ||
		    issuer_precondition_is_accepted(d, f->key))
			continue;
		if (f->component)
			user = fleet_component(d->fleet, f->component);
		has_step |= user && d->components[user - d->fleet->components].write;
		VEC_PUSH(&items, d->kept, issuer_precondition_describe(d, f));
	}
	if (!items.count)
		return;
	precondition_add(
		d,
		&(struct precondition_spec){
			.code = CODE_FOREIGN_AUTHORITY,
			.severity = precondition_severity(CODE_FOREIGN_AUTHORITY, has_step),
			.name = i->name,
			.subject = { .issuer = i->issuer->name },
			.message =
				"an authority with its subject, but with a key that this state does not have, is in use",
			.items = items.items,
			.item_count = items.count,
		});
}

/* ---- where it is published ---- */

static void check_publish(struct plan_builder *d, const struct issuer_build *i)
{
	const struct publish_seen *seen = snapshot_published(d->snapshot, i->issuer->name);
	struct precondition_spec f = {
		.code = CODE_TARGET_UNWRITABLE,
		.severity = precondition_severity(CODE_TARGET_UNWRITABLE, i->publish),
		.name = i->name,
		.subject = { .issuer = i->issuer->name },
	};

	if (!seen || !seen->unwritable)
		return;
	precondition_split(d, seen->unwritable, &f);
	precondition_add(d, &f);
}

/* ---- issuers that sign operators ---- */

/*
 * An agent may accept the holder of any client certificate of this issuer, when
 * `allow` has its name.
 */
static void issuer_precondition_check_operators(struct plan_builder *d,
						const struct issuer_build *i)
{
	const struct snapshot *s = d->snapshot;
	VEC(const char *) items = { 0 };

	if (i->issuer->use == USE_OPERATORS || !s->operator_issuer_count ||
	    !text_find(i->issuer->name, s->operator_issuers, s->operator_issuer_count,
		       sizeof(*s->operator_issuers)))
		return;
	for (size_t k = 0; k < d->fleet->certificate_count; k++) {
		const struct certificate_build *c = &d->certificates[k];

		if (c->in_scope && c->issuer == i && c->job == CERTIFICATE_ISSUE &&
		    (c->certificate->purpose & PURPOSE_CLIENT))
			VEC_PUSH(&items, d->kept,
				 arena_printf(d->kept, "%s: %s", text_escaped(&d->scratch, c->name),
					      text_escaped(&d->scratch, c->certificate->subject)));
	}
	if (!items.count)
		return;
	precondition_add(
		d,
		&(struct precondition_spec){
			.code = CODE_OPERATOR_ISSUER,
			.severity = code_rows[CODE_OPERATOR_ISSUER].severity,
			.name = i->name,
			.subject = { .issuer = i->issuer->name },
			.message =
				"it signs the operator of 'access: agent', and is to sign more client certificates: agents may obey whoever has one",
			.items = items.items,
			.item_count = items.count,
		});
}

void precondition_issuer(struct plan_builder *d, const struct issuer_build *i)
{
	if (!i->in_scope)
		return;
	check_replaced(d, i);
	check_foreign(d, i);
	check_publish(d, i);
	issuer_precondition_check_operators(d, i);
}

/* ---- accepted foreign CAs ---- */

static bool accepts(const struct plan_builder *d, const struct foreign_authority *f)
{
	for (size_t i = 0; i < d->preconditions.count; i++) {
		const struct precondition *p = &d->preconditions.items[i];
		const struct issuer *issuer =
			p->acknowledged && !strcmp(p->code, code_rows[CODE_FOREIGN_AUTHORITY].name)
				? fleet_issuer(d->fleet, p->component)
				: NULL;

		if (issuer && !strcmp(issuer->subject, f->subject))
			return true;
	}
	return false;
}

void preconditions_accepted(struct plan_builder *d, struct plan *p)
{
	const struct snapshot *s = d->snapshot;
	VEC(const char *) keys = { 0 };

	for (size_t i = 0; i < s->accepted_count; i++)
		VEC_PUSH(&keys, d->kept, builder_keep(d, s->accepted[i]));
	for (size_t i = 0; i < s->foreign_count; i++)
		if (!issuer_precondition_is_accepted(d, s->foreign[i].key) &&
		    accepts(d, &s->foreign[i]))
			VEC_PUSH(&keys, d->kept, builder_keep(d, s->foreign[i].key));
	p->accepted_count = text_set(keys.items, keys.count);
	p->accepted = keys.items;
}
