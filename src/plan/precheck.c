/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/precheck.h"

#include "base/clock.h"
#include "base/text.h"
#include "plan/acks.h"
#include "plan/drift.h"

#include <stdlib.h>
#include <string.h>

enum {
	RESTART_MARGIN = 7 * 24 * 3600, /* seconds a restart may be away */
	SHORT_LEAF_PERCENT = 10,
};

/* ---- telling ---- */

struct finding {
	enum code code;
	enum severity severity;
	const char *name; /* as it is shown; "" for the fleet */
	struct subject subject;
	const char *message; /* in the plan's arena */
	const char *remedy;  /* there too; NULL: the code's */
};

static const char *remedy(struct draft *d, const struct finding *f)
{
	const struct code_row *row = &code_rows[f->code];
	const char *text = f->remedy ? f->remedy : row->remedy;

	if (f->severity != SEVERITY_ACKNOWLEDGE)
		return text;
	return arena_printf(d->kept, "%s; or accept it with --ack %s%s%s", text,
			    row->name, *f->name ? ":" : "", f->name);
}

static void tell(struct draft *d, const struct finding *f)
{
	VEC_PUSH(&d->preconditions, d->kept,
		 (struct precondition){
			 .code = code_rows[f->code].name,
			 .severity = f->severity,
			 .component = draft_keep(d, f->name),
			 .message = f->message,
			 .remedy = remedy(d, f),
			 .acknowledged = f->severity == SEVERITY_ACKNOWLEDGE &&
					 acks_cover(&d->acks[f->code], f->name,
						    &f->subject),
		 });
}

static enum severity severity_of(enum code code, bool has_step)
{
	return has_step ? code_rows[code].severity : SEVERITY_INFO;
}

static void tell_component(struct draft *d, const struct component_draft *c,
			   enum code code, const char *message)
{
	tell(d, &(struct finding){
			.code = code,
			.severity = severity_of(code, component_has_step(c)),
			.name = c->name,
			.subject = component_subject(c->component),
			.message = message,
		});
}

static void tell_certificate(struct draft *d, const struct certificate_draft *c,
			     enum code code, const char *message)
{
	tell(d, &(struct finding){
			.code = code,
			.severity = code_rows[code].severity,
			.name = c->name,
			.subject = certificate_subject(c->certificate),
			.message = message,
		});
}

/* ---- the fleet ---- */

static void check_state(struct draft *d)
{
	const struct snapshot *s = d->snapshot;

	if (s->state_exists)
		return;
	if (!s->orphan_bundle && !d->fleet->state.required)
		return;
	tell(d,
	     &(struct finding){
		     .code = CODE_STATE_MISSING,
		     .severity = severity_of(CODE_STATE_MISSING,
					     d->steps.count > 0),
		     .name = "",
		     .message =
			     s->orphan_bundle
				     ? arena_printf(
					       d->kept,
					       "there is no state, but the "
					       "bundle '%s' of this fleet",
					       text_escaped(&d->scratch,
							    s->orphan_bundle))
				     : "there is no state, and the fleet "
				       "file requires one",
	     });
}

static void check_removal(struct draft *d)
{
	size_t count = d->removed.count;

	if (count < 2 || count * 2 <= d->known_count)
		return;
	tell(d, &(struct finding){
			.code = CODE_MASS_RETIRE,
			.severity = code_rows[CODE_MASS_RETIRE].severity,
			.name = "",
			.message = arena_printf(
				d->kept,
				"%zu of %zu known components left the "
				"fleet file",
				count, d->known_count),
		});
}

void precheck_budget(struct draft *d, const struct role *role, unsigned limit,
		     size_t offline)
{
	bool named = *role->name;

	tell(d, &(struct finding){
			.code = CODE_NO_BUDGET,
			.severity = code_rows[CODE_NO_BUDGET].severity,
			.name = named ? arena_printf(&d->scratch, "role:%s",
						     role->name)
				      : "",
			.subject = { .role = role->name },
			.message = arena_printf(
				d->kept,
				"%zu of its processes are offline already, "
				"and max_unavailable is %u",
				offline, limit),
		});
}

/* ---- issuers and certificates ---- */

static void check_issuer(struct draft *d, const struct issuer_draft *i)
{
	if (!i->in_scope || !i->replaced)
		return;
	tell(d, &(struct finding){
			.code = CODE_ISSUER_REPLACED,
			.severity = code_rows[CODE_ISSUER_REPLACED].severity,
			.name = i->name,
			.subject = { .issuer = i->issuer->name },
			.message = arena_printf(
				d->kept,
				"a new authority takes the place of %s: %s",
				draft_short(d, i->replaced->fingerprint),
				i->reason),
		});
}

/* A leaf never outlives its issuer; how much of it would be left? */
static void check_issuer_end(struct draft *d, const struct certificate_draft *c)
{
	if (c->job != CERTIFICATE_ISSUE || !c->issuer || !c->issuer->authority)
		return;

	int64_t left = c->issuer->authority->not_after - d->in->at;
	int64_t wanted = c->certificate->validity;
	char left_text[DURATION_TEXT];
	char wanted_text[DURATION_TEXT];

	if (left >= wanted * SHORT_LEAF_PERCENT / 100)
		return;
	tell_certificate(d, c, CODE_ISSUER_EXPIRES,
			 arena_printf(d->kept,
				      "issuer '%s' ends in %s, the "
				      "certificate should last %s",
				      c->issuer->name,
				      duration_about(left, left_text),
				      duration_words(wanted, wanted_text)));
}

static void check_certificate(struct draft *d,
			      const struct certificate_draft *c)
{
	if (!c->in_scope)
		return;
	check_issuer_end(d, c);
	if (c->import_missing)
		tell_certificate(d, c, CODE_IMPORT_MISSING,
				 "its file or password is not there, the last "
				 "import stays in use");
	if (c->several_hosts && (c->staged || c->job != CERTIFICATE_KEEP))
		tell_certificate(d, c, CODE_SHARED_KEY,
				 "several hosts use one key: it falls with "
				 "any of them");
}

/* Which certificates are staged, and on how many hosts they are used. */
static void look_at_users(struct draft *d)
{
	for (size_t i = 0; i < d->fleet->component_count; i++) {
		const struct component_draft *c = &d->components[i];
		struct certificate_draft *used = c->certificate;
		const char *host = c->component->host;

		used->staged |= c->write;
		if (!host)
			continue;
		used->several_hosts |= used->host && strcmp(used->host, host);
		used->host = host;
	}
}

/* ---- components ---- */

static void check_outdated(struct draft *d, const struct component_draft *c)
{
	const struct certificate_draft *used = c->certificate;

	if (c->in_scope || !used->in_scope || used->job == CERTIFICATE_KEEP)
		return;
	tell_component(d, c, CODE_LEFT_OUTDATED,
		       arena_printf(d->kept,
				    "'%s' is made anew, but this component is "
				    "outside of --target",
				    used->name));
}

static void check_online(struct draft *d, const struct component_draft *c)
{
	static const enum severity severities[] = {
		[OFFLINE_BLOCK] = SEVERITY_BLOCK,
		[OFFLINE_ACKNOWLEDGE] = SEVERITY_ACKNOWLEDGE,
		[OFFLINE_DEFER] = SEVERITY_INFO,
	};
	const char *why = c->seen->error
				  ? text_escaped(&d->scratch, c->seen->error)
				  : "it was not reached";

	if (!c->unreachable)
		return;
	tell(d, &(struct finding){
			.code = CODE_OFFLINE,
			.severity = severities[c->component->role->offline],
			.name = c->name,
			.subject = component_subject(c->component),
			.message = arena_printf(d->kept,
						"%s; it needs a change", why),
		});
}

static void check_restart(struct draft *d, const struct component_draft *c)
{
	int64_t left = c->seen->served_not_after - d->in->at;
	char text[DURATION_TEXT];

	if (!c->postponed || !c->seen->served_not_after ||
	    left > RESTART_MARGIN)
		return;
	duration_about(left < 0 ? -left : left, text);
	tell_component(
		d, c, CODE_EXPIRES_BEFORE_RESTART,
		left > 0 ? arena_printf(d->kept,
					"what it serves ends in %s, and its "
					"restart is postponed",
					text)
			 : arena_printf(d->kept,
					"what it serves ended %s ago, and "
					"its restart is postponed",
					text));
}

static int compare_text(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

static void check_rejected(struct draft *d, const struct component_draft *c)
{
	const char *desired = c->certificate->fingerprint;

	if (!desired || !c->seen->rejected_count ||
	    !(c->write || c->activate) ||
	    !bsearch(desired, c->seen->rejected, c->seen->rejected_count,
		     sizeof(*c->seen->rejected), compare_text))
		return;
	tell_component(d, c, CODE_ROLLED_BACK,
		       arena_printf(d->kept,
				    "%s failed there before and was rolled "
				    "back",
				    draft_short(d, desired)));
}

/* "what is wrong; what to do": messages that know better than the code. */
static void split_remedy(struct draft *d, const char *text, struct finding *f)
{
	const char *cut = NULL;

	f->message = text_escaped(d->kept, text);
	for (const char *c = strstr(f->message, "; "); c;
	     c = strstr(c + 1, "; "))
		cut = c;
	if (!cut)
		return;
	f->remedy = cut + 2;
	f->message =
		arena_strndup(d->kept, f->message, (size_t)(cut - f->message));
}

static void check_writable(struct draft *d, const struct component_draft *c)
{
	if (!c->seen->unwritable || !c->seen->online)
		return;

	struct finding f = {
		.code = CODE_TARGET_UNWRITABLE,
		.severity = severity_of(CODE_TARGET_UNWRITABLE, c->write),
		.name = c->name,
		.subject = component_subject(c->component),
	};

	split_remedy(d, c->seen->unwritable, &f);
	tell(d, &f);
}

/* Two states that deliver to one component would undo each other's work. */
static void check_owner(struct draft *d, const struct component_draft *c)
{
	const char *from = c->seen->told_from;

	if (from && strcmp(from, d->snapshot->lineage) != 0)
		tell_component(d, c, CODE_ADOPT,
			       arena_printf(d->kept,
					    "the state with lineage %.8s "
					    "delivered to it, not this one",
					    text_escaped(&d->scratch, from)));
}

static void check_component(struct draft *d, const struct component_draft *c)
{
	check_outdated(d, c);
	if (!c->in_scope)
		return;
	check_online(d, c);
	check_restart(d, c);
	check_rejected(d, c);
	check_writable(d, c);
	check_owner(d, c);
}

void precheck(struct draft *d)
{
	check_state(d);
	check_removal(d);
	for (size_t i = 0; i < d->fleet->issuer_count; i++)
		check_issuer(d, &d->issuers[i]);
	look_at_users(d);
	for (size_t i = 0; i < d->fleet->certificate_count; i++)
		check_certificate(d, &d->certificates[i]);
	for (size_t i = 0; i < d->fleet->component_count; i++)
		check_component(d, &d->components[i]);
}

static int compare_preconditions(const void *left, const void *right)
{
	const struct precondition *l = left;
	const struct precondition *r = right;

	if (l->severity != r->severity)
		return l->severity < r->severity ? -1 : 1;

	int order = strcmp(l->code, r->code);

	return order ? order : strcmp(l->component, r->component);
}

void precheck_sort(struct draft *d)
{
	if (d->preconditions.count)
		qsort(d->preconditions.items, d->preconditions.count,
		      sizeof(*d->preconditions.items), compare_preconditions);
}
