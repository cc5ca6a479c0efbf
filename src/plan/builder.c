/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/builder.h"

#include <stdlib.h>
#include <string.h>

enum {
	SHORT_FINGERPRINT = 12
};

const char *builder_keep(struct plan_builder *d, const char *text)
{
	return text ? arena_strdup(d->kept, text) : NULL;
}

const char *builder_short(struct plan_builder *d, const char *fingerprint)
{
	return arena_strndup(d->kept, fingerprint, strnlen(fingerprint, SHORT_FINGERPRINT));
}

struct issuer_build *builder_issuer(struct plan_builder *d, const char *name)
{
	const struct issuer *i = fleet_issuer(d->fleet, name);

	return i ? &d->issuers[i - d->fleet->issuers] : NULL;
}

struct certificate_build *builder_certificate(struct plan_builder *d, const char *name)
{
	const struct certificate *c = fleet_certificate(d->fleet, name);

	return c ? &d->certificates[c - d->fleet->certificates] : NULL;
}

struct component_build *builder_component(struct plan_builder *d, const char *name)
{
	const struct component *c = fleet_component(d->fleet, name);

	return c ? &d->components[c - d->fleet->components] : NULL;
}

struct subject certificate_subject(const struct certificate *c)
{
	return (struct subject){ .certificate = c->name,
				 .issuer = c->issuer ? c->issuer->name : NULL };
}

struct subject component_subject(const struct component *c)
{
	struct subject s = certificate_subject(c->certificate);

	s.component = c->name;
	s.role = c->role->name;
	return s;
}

static void init_issuers(struct plan_builder *d)
{
	const struct fleet *f = d->fleet;

	d->issuers = arena_array(&d->scratch, f->issuer_count, sizeof(*d->issuers));
	for (size_t i = 0; i < f->issuer_count; i++)
		d->issuers[i] = (struct issuer_build){
			.issuer = &f->issuers[i],
			.name = builder_keep(d, f->issuers[i].name),
			.step = NO_STEP,
		};
}

static void init_certificates(struct plan_builder *d)
{
	const struct fleet *f = d->fleet;

	d->certificates = arena_array(&d->scratch, f->certificate_count, sizeof(*d->certificates));
	for (size_t i = 0; i < f->certificate_count; i++) {
		const struct certificate *c = &f->certificates[i];

		d->certificates[i] = (struct certificate_build){
			.certificate = c,
			.issuer = c->issuer ? builder_issuer(d, c->issuer->name) : NULL,
			.name = builder_keep(d, c->name),
			.last_stage = NO_STEP,
		};
	}
}

static void init_components(struct plan_builder *d)
{
	static const struct component_seen never = { 0 };
	const struct fleet *f = d->fleet;

	d->components = arena_array(&d->scratch, f->component_count, sizeof(*d->components));
	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];
		const struct component_seen *seen = snapshot_component(d->snapshot, c->name);
		const char *name = builder_keep(d, c->name);
		bool alone = strcmp(c->process, c->name) == 0;

		d->components[i] = (struct component_build){
			.component = c,
			.seen = seen ? seen : &never,
			.certificate = builder_certificate(d, c->certificate->name),
			.name = name,
			.process = alone ? name : builder_keep(d, c->process),
			.stage = NO_STEP,
			.commit = NO_STEP,
		};
	}
}

static int compare_members(const void *left, const void *right)
{
	const struct component_build *l = *(struct component_build *const *)left;
	const struct component_build *r = *(struct component_build *const *)right;
	int order = strcmp(l->process, r->process);

	return order ? order : strcmp(l->name, r->name);
}

static void init_processes(struct plan_builder *d)
{
	size_t count = d->fleet->component_count;

	d->members = arena_array(&d->scratch, count, sizeof(*d->members));
	d->processes = arena_array(&d->scratch, count, sizeof(*d->processes));
	for (size_t i = 0; i < count; i++)
		d->members[i] = &d->components[i];
	if (count)
		qsort(d->members, count, sizeof(*d->members), compare_members);
	for (size_t i = 0; i < count; i++) {
		struct component_build *c = d->members[i];

		if (i == 0 || strcmp(d->members[i - 1]->process, c->process))
			d->processes[d->process_count++] = (struct process_build){
				.name = c->process,
				.members = &d->members[i],
				.role = c->component->role,
			};

		struct process_build *p = &d->processes[d->process_count - 1];

		p->member_count++;
		c->runs_in = p;
		p->online |= c->seen->now.online;
	}
}

void builder_init(struct plan_builder *d, const struct plan_input *in, struct arena *kept)
{
	*d = (struct plan_builder){
		.in = in, .fleet = in->fleet, .snapshot = in->snapshot, .kept = kept
	};
	init_issuers(d);
	init_certificates(d);
	init_components(d);
	init_processes(d);
}

void builder_release(struct plan_builder *d)
{
	arena_release(&d->scratch);
}
