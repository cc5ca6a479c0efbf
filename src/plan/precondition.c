/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/precondition.h"

#include "base/text.h"
#include "plan/acks.h"
#include "plan/component_steps.h"

#include <string.h>

static const char *remedy(struct plan_builder *d, const struct precondition_spec *f)
{
	const struct code_row *row = &code_rows[f->code];
	const char *text = f->remedy ? f->remedy : row->remedy;

	if (f->severity == SEVERITY_INFO)
		return text;
	if (f->severity == SEVERITY_BLOCK)
		return strstr(text, "'certfleet ")
			       ? text
			       : arena_printf(d->kept, "%s, then run 'certfleet apply'", text);
	return arena_printf(d->kept, "%s; or accept it with --ack %s%s%s", text, row->name,
			    *f->name ? ":" : "", f->name);
}

static enum precondition_about about(const struct subject *s)
{
	if (s->component)
		return ABOUT_COMPONENT;
	if (s->certificate)
		return ABOUT_CERTIFICATE;
	if (s->issuer)
		return ABOUT_ISSUER;
	return s->role ? ABOUT_ROLE : ABOUT_FLEET;
}

/* Not for an info, nor for what is acknowledged. */
static void add_trouble(struct plan_builder *d, const struct precondition_spec *f, const char *name)
{
	struct cause *cause = ARENA_NEW(&d->scratch, struct cause);

	*cause = (struct cause){ .code = f->code, .name = name };
	VEC_PUSH(&d->troubles, &d->scratch,
		 (struct trouble){ .cause = cause,
				   .unit = f->whole_run     ? UNIT_RUN
					   : f->retirements ? UNIT_RETIREMENTS
							    : code_rows[f->code].unit,
				   .subject = f->subject });
}

/* Whether the state has the acknowledgement, for the pair that is desired still. */
static bool is_remembered(const struct component_build *c, enum code code)
{
	const char *name = code_rows[code].name;
	size_t len = strlen(name);

	for (size_t i = 0; c->certificate->fingerprint && i < c->seen->acknowledged_count; i++) {
		const char *known = c->seen->acknowledged[i];

		if (!strncmp(known, name, len) && known[len] == ' ' &&
		    !strcmp(known + len + 1, c->certificate->fingerprint))
			return true;
	}
	return false;
}

static bool is_acknowledged(struct plan_builder *d, const struct precondition_spec *f)
{
	const struct component_build *c = NULL;
	bool given = acks_given(d, f->code, f->name, &f->subject);
	bool stands = acks_stand(d, f->code, f->name, &f->subject);

	if (f->severity != SEVERITY_ACKNOWLEDGE)
		return false;
	if (!code_rows[f->code].remembered || !f->subject.component)
		return given || stands;
	c = builder_component(d, f->subject.component);
	if (stands || is_remembered(c, f->code))
		return true;
	if (given)
		VEC_PUSH(&d->remembered, d->kept,
			 ((struct acknowledgement){ .component = c->name,
						    .code = code_rows[f->code].name,
						    .fingerprint = c->certificate->fingerprint }));
	return given;
}

void precondition_add(struct plan_builder *d, const struct precondition_spec *f)
{
	const char *name = builder_keep(d, f->name);
	bool acknowledged = is_acknowledged(d, f);

	VEC_PUSH(&d->preconditions, d->kept,
		 (struct precondition){
			 .code = code_rows[f->code].name,
			 .severity = f->severity,
			 .about = about(&f->subject),
			 .component = name,
			 .message = f->message,
			 .remedy = remedy(d, f),
			 .items = f->items,
			 .item_count = f->item_count,
			 .acknowledged = acknowledged,
		 });
	if (f->severity != SEVERITY_INFO && !acknowledged && !f->alone)
		add_trouble(d, f, name);
}

void precondition_split(struct plan_builder *d, const char *text, struct precondition_spec *f)
{
	const char *cut = NULL;

	f->message = text_escaped(d->kept, text);
	for (const char *c = strstr(f->message, "; "); c; c = strstr(c + 1, "; "))
		cut = c;
	if (!cut)
		return;
	f->remedy = cut + 2;
	f->message = arena_strndup(d->kept, f->message, (size_t)(cut - f->message));
}

enum severity precondition_severity(enum code code, bool has_step)
{
	return has_step ? code_rows[code].severity : SEVERITY_INFO;
}

struct precondition_spec precondition_of_component(const struct component_build *c, enum code code,
						   bool has_step)
{
	return (struct precondition_spec){ .code = code,
					   .severity = precondition_severity(code, has_step),
					   .name = c->name,
					   .subject = component_subject(c->component) };
}

struct precondition_spec precondition_of_certificate(const struct certificate_build *c,
						     enum code code, bool has_step)
{
	return (struct precondition_spec){ .code = code,
					   .severity = precondition_severity(code, has_step),
					   .name = c->name,
					   .subject = certificate_subject(c->certificate) };
}

void precondition_add_component(struct plan_builder *d, const struct component_build *c,
				enum code code, const char *message)
{
	struct precondition_spec f = precondition_of_component(c, code, component_has_step(c));

	f.message = message;
	precondition_add(d, &f);
}

void precondition_add_certificate(struct plan_builder *d, const struct certificate_build *c,
				  enum code code, bool has_step, const char *message)
{
	struct precondition_spec f = precondition_of_certificate(c, code, has_step);

	f.message = message;
	precondition_add(d, &f);
}

void precondition_add_role(struct plan_builder *d, const struct role *role, enum code code,
			   enum severity severity, const char *message)
{
	bool named = *role->name;

	precondition_add(
		d, &(struct precondition_spec){
			   .code = code,
			   .severity = severity,
			   .name = named ? arena_printf(&d->scratch, "role:%s", role->name) : "",
			   .subject = { .role = role->name },
			   .message = message,
		   });
}
