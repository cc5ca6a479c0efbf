/* SPDX-License-Identifier: Apache-2.0 */
#include "config/build.h"

#include "config/netname.h"
#include "config/schema.h"
#include "config/topology.h"
#include "model/enrolment.h"

#include <string.h>

void read_certificates(struct loader *ld)
{
	const struct certificate_form preset = topology_certificate_preset(ld);
	struct record record = certificate_record;

	record.preset = &preset;
	vec_each (entry, &ld->certificates.entries) {
		struct certificate_form *form = ARENA_NEW(&ld->work, struct certificate_form);
		bool good = record_read(ld, &record, entry->value, form);

		form->key = entry->key;
		form->node = entry->value;
		form->good = good;
		lookup_put(&ld->certificate_forms, entry->key->text, form);
		if (good && form->issuer && strcmp(form->issuer, issuer_self.name) != 0 &&
		    !lookup_find(&ld->issuer_forms, form->issuer))
			report_dangling(ld, node_find(form->node, "issuer"), "issuer",
					&ld->issuers);
	}
}

/* Uses the common name as the only name when it is a DNS name or an IP address. */
static void name_by_cn(struct loader *ld, const char *cn, struct certificate *out)
{
	struct san name;

	if (!cn || !san_parse(&ld->fleet.arena, cn, &name) ||
	    (name.kind != NAME_DNS && name.kind != NAME_IP))
		return;

	struct san *names = ARENA_NEW(&ld->fleet.arena, struct san);

	*names = name;
	out->names = names;
	out->name_count = 1;
}

/* One certificate of the model; its name and `was` are the caller's. */
static bool make(struct loader *ld, const struct certificate_form *form, struct certificate *out)
{
	const char *cn = NULL;
	struct items names = { 0 };
	bool good = true;

	*out = form->certificate;
	if (form->export)
		good = field_read(ld, &export_value, form->export, &out->export);
	if (!certificate_is_issued(out))
		return good;
	out->issuer = strcmp(form->issuer, issuer_self.name) != 0
			      ? fleet_issuer(&ld->fleet, form->issuer)
			      : &issuer_self;
	if (out->issuer && out->issuer->use != USE_CERTIFICATES &&
	    !node_find(form->node, "validity"))
		out->validity = ENROLMENT_LIFE;
	good &= subject_read(ld, form->subject, &out->subject, &cn);
	if (form->names) {
		if (!field_read(ld, &names_value, form->names, &names))
			return false;
		out->names = names.list;
		out->name_count = san_sort(names.list, names.count);
	} else if (good) {
		name_by_cn(ld, cn, out);
	}
	return good;
}

/* "per-host/edge/e1"; renamed when the certificate or the component was. */
static void make_for_component(struct loader *ld, struct build *b, size_t i)
{
	struct draft *d = &b->drafts[i];
	const struct component *owner = &b->components[i];
	struct certificate *c = &b->certificates[b->certificate_count++];
	const char *name = d->form->key->text;
	const char *was = d->form->certificate.was;

	ld->scope = &d->scope;
	if (!make(ld, d->form, c))
		d->form->good = false;
	ld->scope = NULL;
	c->name = arena_printf(&ld->fleet.arena, "%s/%s", name, owner->name);
	c->was = NULL;
	if (was || owner->was)
		c->was = arena_printf(&ld->fleet.arena, "%s/%s", was ? was : name,
				      owner->was ? owner->was : owner->name);
	d->certificate = c->name;
}

static void check_unused(struct loader *ld, struct certificate_form *form)
{
	struct scope scope = sample_scope();
	struct certificate c;

	ld->scope = &scope;
	if (!make(ld, form, &c))
		form->good = false;
	ld->scope = NULL;
}

void build_certificates(struct loader *ld, struct build *b)
{
	size_t most = ld->certificates.entries.count;

	for (size_t i = 0; i < ld->fleet.component_count; i++)
		most += b->drafts[i].form->per == PER_COMPONENT;
	b->certificates = arena_array(&ld->fleet.arena, most, sizeof(*b->certificates));
	vec_each (entry, &ld->certificates.entries) {
		struct certificate_form *form = (struct certificate_form *)lookup_find(
			&ld->certificate_forms, entry->key->text);

		if (!form->good)
			continue;
		if (form->per == PER_FLEET) {
			struct certificate *c = &b->certificates[b->certificate_count++];

			form->good = make(ld, form, c);
			c->name = arena_strdup(&ld->fleet.arena, form->key->text);
		} else if (!form->users) {
			check_unused(ld, form);
		}
	}
	for (size_t i = 0; i < ld->fleet.component_count; i++) {
		const struct draft *d = &b->drafts[i];

		if (d->form->good && d->form->per == PER_COMPONENT)
			make_for_component(ld, b, i);
	}
	sort_by_name(b->certificates, b->certificate_count, sizeof(*b->certificates));
	ld->fleet.certificates = b->certificates;
	ld->fleet.certificate_count = b->certificate_count;
}
