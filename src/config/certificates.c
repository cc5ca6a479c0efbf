/* SPDX-License-Identifier: Apache-2.0 */
#include "config/build.h"

#include "config/netname.h"
#include "config/schema.h"

#include <string.h>

static void certificates_check_issuer(struct loader *ld, const struct certificate_form *form)
{
	const struct node *issuer = node_find(form->node, "issuer");

	if (!form->issuer || !strcmp(form->issuer, issuer_self.name))
		return;
	if (!lookup_find(&ld->issuer_forms, form->issuer))
		report_dangling(ld, issuer, "issuer", &ld->issuers);
}

void read_certificates(struct loader *ld)
{
	vec_each (entry, &ld->certificates.entries) {
		struct certificate_form *form = ARENA_NEW(&ld->work, struct certificate_form);

		bool good = record_read(ld, &certificate_record, entry->value, form);

		form->key = entry->key;
		form->node = entry->value;
		form->good = good;
		lookup_put(&ld->certificate_forms, entry->key->text, form);
		if (good)
			certificates_check_issuer(ld, form);
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

static bool certificates_read_names(struct loader *ld, const struct certificate_form *form,
				    struct certificate *out)
{
	struct items names = { 0 };

	if (!field_read(ld, &names_value, form->names, &names))
		return false;
	out->names = names.list;
	out->name_count = san_sort(names.list, names.count);
	return true;
}

static const struct issuer *certificates_find_issuer(const struct loader *ld, const char *name)
{
	if (!strcmp(name, issuer_self.name))
		return &issuer_self;
	return fleet_issuer(&ld->fleet, name);
}

/* Makes one certificate of the model; the caller sets its name and `was`. */
static bool make(struct loader *ld, const struct certificate_form *form, struct certificate *out)
{
	const char *cn = NULL;

	*out = form->certificate;
	if (out->import.kind != IMPORT_NONE)
		return true;
	out->issuer = certificates_find_issuer(ld, form->issuer);

	bool good = subject_read(ld, form->subject, &out->subject, &cn);

	if (form->names)
		return certificates_read_names(ld, form, out) && good;
	if (good)
		name_by_cn(ld, cn, out);
	return good;
}

static void make_for_fleet(struct loader *ld, struct certificate_form *form, struct build *b)
{
	struct certificate *c = &b->certificates[b->certificate_count++];

	if (!make(ld, form, c))
		form->good = false;
	c->name = arena_strdup(&ld->fleet.arena, form->key->text);
}

/* "per-host/edge/e1"; `was` is set when the certificate or the component was renamed. */
static void name_after(struct loader *ld, const struct certificate_form *form,
		       const struct component *owner, struct certificate *c)
{
	const char *was = form->certificate.was;

	c->name = arena_printf(&ld->fleet.arena, "%s/%s", form->key->text, owner->name);
	c->was = NULL;
	if (was || owner->was)
		c->was = arena_printf(&ld->fleet.arena, "%s/%s", was ? was : form->key->text,
				      owner->was ? owner->was : owner->name);
}

static void make_for_component(struct loader *ld, struct build *b, size_t i)
{
	struct draft *d = &b->drafts[i];
	const struct component *owner = &b->components[i];
	struct certificate *c = &b->certificates[b->certificate_count++];

	ld->scope = &d->scope;
	if (!make(ld, d->form, c))
		d->form->good = false;
	ld->scope = NULL;
	name_after(ld, d->form, owner, c);
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

static size_t count_certificates(const struct loader *ld, const struct build *b)
{
	size_t count = ld->certificates.entries.count;

	for (size_t i = 0; i < ld->fleet.component_count; i++)
		count += b->drafts[i].form->per == PER_COMPONENT;
	return count;
}

void build_certificates(struct loader *ld, struct build *b)
{
	b->certificates =
		arena_array(&ld->fleet.arena, count_certificates(ld, b), sizeof(*b->certificates));
	vec_each (entry, &ld->certificates.entries) {
		struct certificate_form *form = (struct certificate_form *)lookup_find(
			&ld->certificate_forms, entry->key->text);

		if (!form->good)
			continue;
		if (form->per == PER_FLEET)
			make_for_fleet(ld, form, b);
		else if (!form->users)
			check_unused(ld, form);
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
