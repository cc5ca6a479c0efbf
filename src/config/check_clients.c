/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is issued must be what clients accept: a server has a name, and has
 * the one that each `verify` of its components asks for.  Of an import the
 * plan says the same, once its files were read.
 */
#include "config/check.h"

#include "base/text.h"
#include "config/forms.h"
#include "model/client_view.h"

static const struct node *names_node(const struct certificate_form *f)
{
	const struct node *names = node_find(f->node, "names");

	return names ? names : node_find(f->node, "subject");
}

static bool check_any_name(struct loader *ld, const struct certificate_form *f,
			   const struct certificate *c)
{
	if (!c || !certificate_is_issued(c) || c->name_count || !(c->purpose & PURPOSE_SERVER))
		return true;
	return config_error(
		ld, names_node(f),
		"a server without a name, which no client accepts: give 'names' (international names in their xn-- form), or 'purpose: [client]' if it is none");
}

static const struct node *verify_node(const struct draft *d)
{
	const struct node *own = node_find(d->value, "verify");

	return own ? own : d->key;
}

/* Cells of a CSV file are not for messages. */
static bool report_refusal(struct loader *ld, const struct build *b, size_t i, const char *refusal)
{
	const struct draft *d = &b->drafts[i];

	if (d->scope.csv)
		return config_error(
			ld, verify_node(d),
			"certificate '%s' is not for the name that 'verify' of %s asks for: add it to 'names', or say 'server_name'",
			d->form->key->text, draft_words(ld, d, &b->components[i]));
	return config_error(
		ld, verify_node(d),
		"no client would accept certificate '%s' on %s: %s; add it to 'names', or say in 'server_name' the name that clients ask for",
		d->form->key->text, draft_words(ld, d, &b->components[i]), refusal);
}

static bool report_purpose(struct loader *ld, const struct build *b, size_t i)
{
	const struct draft *d = &b->drafts[i];

	return config_error(
		ld, verify_node(d),
		"'verify' of %s asks a server, but the purpose of certificate '%s' is not 'server'",
		draft_words(ld, d, &b->components[i]), d->form->key->text);
}

static bool check_asked_names(struct loader *ld, const struct build *b, size_t i,
			      const struct certificate *c)
{
	const struct component *on = &b->components[i];
	const struct client_view x = { .names = c->names,
				       .name_count = c->name_count,
				       .purpose = c->purpose };
	const char *refusal = NULL;

	if (on->verify_count && !(c->purpose & PURPOSE_SERVER))
		return report_purpose(ld, b, i);
	for (size_t k = 0; k < on->verify_count && !refusal; k++)
		refusal = refusal_by_port(&x, &on->verify[k], &ld->work);
	return !refusal || report_refusal(ld, b, i, refusal);
}

void check_clients(struct loader *ld, const struct build *b)
{
	const struct certificate_form *unnamed = NULL;
	const struct node *reported = NULL;

	vec_each (entry, &ld->certificates.entries) {
		const struct certificate_form *f =
			lookup_find(&ld->certificate_forms, entry->key->text);

		if (f->good && f->per == PER_FLEET)
			check_any_name(ld, f, fleet_certificate(&ld->fleet, f->key->text));
	}
	for (size_t i = 0; i < ld->fleet.component_count; i++) {
		const struct draft *d = &b->drafts[i];
		const struct certificate *c =
			d->form->good ? fleet_certificate(&ld->fleet, d->certificate) : NULL;

		/* one of a group stands for the others */
		if (!c || !certificate_is_issued(c) || d->value == reported || d->form == unnamed)
			continue;
		if (d->form->per == PER_COMPONENT && !check_any_name(ld, d->form, c))
			unnamed = d->form;
		else if ((c->name_count || !(c->purpose & PURPOSE_SERVER)) &&
			 !check_asked_names(ld, b, i, c))
			reported = d->value;
	}
}
