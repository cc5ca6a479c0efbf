/* SPDX-License-Identifier: Apache-2.0 */
/* Why a component or a certificate is as it is, and what the next plan would do about it. */
#include "base/clock.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/explain.h"
#include "cli/planning.h"
#include "cli/session.h"
#include "model/renewal.h"
#include "plan/planner.h"
#include "report/status.h"
#include "json/value.h"

#include <string.h>

enum {
	SHORT = 12,       /* digits of a fingerprint */
	STEPS_SHOWN = 12, /* of its history */
	RUNS_READ = 100,
};

#define EXPLAIN_FORMAT "1.0"

struct explain_options {
	bool offline;
	bool json;
};

static const struct option options[] = {
	FLAG(struct explain_options, offline, .name = "offline",
	     .help = "contact nothing, use the last observations"),
	FLAG(struct explain_options, json, .name = "json",
	     .help = "print it as JSON (schemas/explain.schema.json)"),
	{ 0 },
};

/* What is explained: one of the two. */
struct explanation {
	struct session *s;
	const struct planned *p;
	struct status status;
	const struct component *component;
	const struct certificate *certificate;
	struct explained *to;
};

static const char *explain_arena(const struct explanation *x, const char *text)
{
	return text_escaped(&x->s->arena, text);
}

static void fact(const struct explanation *x, const char *label, const char *words)
{
	VEC_PUSH(&x->to->facts, &x->s->arena,
		 (struct explained_fact){ .label = label, .words = words });
}

/* `value` is given away. */
static void fact_of(const struct explanation *x, const char *label, const char *words,
		    json_t *value)
{
	VEC_PUSH(&x->to->facts, &x->s->arena,
		 (struct explained_fact){ .label = label, .words = words, .value = value });
}

/* "ab12cd34ef56, number 3 of 'shop', from T to T" */
static const char *pair_words(const struct explanation *x, const char *fingerprint)
{
	struct arena *a = &x->s->arena;
	const struct generation *g = fingerprint && *fingerprint
					     ? snapshot_generation(&x->p->snapshot, fingerprint)
					     : NULL;
	char from[TIME_TEXT];
	char to[TIME_TEXT];

	if (!fingerprint)
		return "unknown";
	if (!*fingerprint)
		return "nothing";
	if (!g)
		return arena_printf(a, "%.*s, which the state does not know", SHORT, fingerprint);
	return arena_printf(a, "%.*s, number %u of '%s', from %s to %s", SHORT, fingerprint,
			    g->number, explain_arena(x, g->owner), time_format(g->not_before, from),
			    time_format(g->not_after, to));
}

/* A fingerprint that is not known as a value: of nothing "", of what is not known null. */
static void fact_pair(const struct explanation *x, const char *label, const char *fingerprint)
{
	const struct generation *g = fingerprint && *fingerprint
					     ? snapshot_generation(&x->p->snapshot, fingerprint)
					     : NULL;

	fact_of(x, label, pair_words(x, fingerprint),
		g ? explained_pair(g)
		  : json_pack("{so}", "fingerprint_sha256", json_text(fingerprint)));
}

static void fact_rejected(const struct explanation *x, const char *fingerprint)
{
	fact_pair(x, "rolled back", fingerprint);
	x->to->facts.items[x->to->facts.count - 1].several = true;
}

/* The pair that should be there. */
static void fact_desired(const struct explanation *x, const struct generation *g)
{
	fact_of(x, "desired", g ? pair_words(x, g->fingerprint) : "not made yet",
		explained_pair(g));
}

/* ---- what it is ---- */

static const char *window_words(const struct explanation *x, const struct role *r)
{
	struct arena *a = &x->s->arena;
	struct open_span o = { 0 };
	char until[TIME_TEXT];

	if (!role_is_scheduled(&x->s->fleet, r))
		return NULL;
	o = role_opening(&x->s->fleet, r, x->p->plan.at);
	if (o.frozen)
		return arena_printf(a, "the freeze '%s' lasts; then %s",
				    explain_arena(x, o.frozen->reason), opening_words(&o, a));
	if (o.from > x->p->plan.at)
		return arena_printf(a, "the next one is %s", opening_words(&o, a));
	return o.until == INT64_MAX ? "open"
				    : arena_printf(a, "open until %s", time_format(o.until, until));
}

static void explain_seen(const struct explanation *x, const struct component_seen *seen)
{
	struct arena *a = &x->s->arena;
	char when[TIME_TEXT];

	if (!seen) {
		fact_of(x, "seen", "never", json_null());
		return;
	}
	fact_of(x, "seen",
		seen->now.observed_at
			? arena_printf(a, "at %s, %s", time_format(seen->now.observed_at, when),
				       seen->now.online ? "online" : "offline")
			: "never",
		json_pack("{so sb}", "at", json_moment(seen->now.observed_at), "online",
			  seen->now.online));
	fact_pair(x, "installed", seen->now.installed);
	fact_pair(x, "served", seen->now.served);
	fact(x, "evidence", evidence_names[seen->now.evidence]);
	if (seen->activation_due)
		fact(x, "due", "the activation of what is installed");
	for (size_t i = 0; i < seen->rejected_count; i++)
		fact_rejected(x, seen->rejected[i]);
	if (seen->now.error)
		fact(x, "error", explain_arena(x, seen->now.error));
	if (seen->last_error)
		fact(x, "last run", explain_arena(x, seen->last_error));
}

static const char *issuer_words(const struct explanation *x, const struct certificate *c)
{
	if (c->builtin)
		return "built in";
	return c->issuer ? explain_arena(x, c->issuer->name) : "import";
}

static void explain_component(const struct explanation *x)
{
	const struct component *c = x->component;
	const struct status_component *row = x->status.components;
	const char *address = component_address(c);

	while (row->component != c) /* each has its row */
		row++;
	*x->to = (struct explained){ .kind = "component",
				     .name = c->name,
				     .state = component_state_names[row->state] };
	fact(x, "certificate", explain_arena(x, c->certificate->name));
	fact(x, "issued by", issuer_words(x, c->certificate));
	fact(x, "role", *c->role->name ? explain_arena(x, c->role->name) : NULL);
	fact(x, "delivered by", driver_name(c->deliver.kind));
	fact(x, "address", address ? explain_arena(x, address) : NULL);
	fact(x, "windows", window_words(x, c->role));
	fact_desired(x, row->desired);
	explain_seen(x, row->seen);
	fact(x, "refused", row->refusal ? explain_arena(x, row->refusal) : NULL);
	fact(x, "waits", row->waits_reason);
	fact(x, "late", row->late ? explain_arena(x, row->late) : NULL);
}

/* "at T: 30 days before its end", with the spread. */
static const char *renewal_words(const struct explanation *x, const struct status_certificate *row)
{
	struct arena *a = &x->s->arena;
	const struct generation *g = row->generation;
	char at[TIME_TEXT];
	char before[DURATION_TEXT];
	char spread[DURATION_TEXT];
	const char *text = NULL;
	int64_t moved = 0;

	if (!g || !row->renew_at)
		return NULL;
	moved = renewal_spread(g, row->certificate);
	text = arena_printf(a, "at %s, %s before its end", time_format(row->renew_at, at),
			    duration_about(g->not_after - row->renew_at, before));
	if (moved)
		text = arena_printf(a, "%s; 'spread' moved it by %s", text,
				    duration_about(moved, spread));
	if (!certificate_is_issued(row->certificate))
		text = arena_printf(a, "%s; an import is replaced by you", text);
	return text;
}

static void explain_states(const struct explanation *x)
{
	size_t count[COMPONENT_STATE_COUNT] = { 0 };
	AUTO(buf) text = { 0 };
	json_t *states = json_object();

	for (size_t i = 0; i < x->status.component_count; i++)
		if (x->status.components[i].component->certificate == x->certificate)
			count[x->status.components[i].state]++;
	for (size_t i = 0; i < COMPONENT_STATE_COUNT; i++) {
		if (!count[i])
			continue;
		buf_printf(&text, "%s%zu %s", text.len ? ", " : "", count[i],
			   component_state_names[i]);
		json_object_set_new(states, component_state_names[i],
				    json_integer((json_int_t)count[i]));
	}
	fact_of(x, "components", text.len ? arena_strdup(&x->s->arena, buf_text(&text)) : "none",
		states);
}

/*
 * The authority that signs the certificate: its pair, whether it signed the one that is
 * desired, and whether it ends before a new one would.
 */
static void explain_issuer(const struct explanation *x, const struct generation *desired)
{
	const struct certificate *c = x->certificate;
	struct arena *a = &x->s->arena;
	const struct generation *g = NULL;
	char end[TIME_TEXT];

	fact(x, "issued by", issuer_words(x, c));
	if (!c->issuer || c->issuer->kind != ISSUER_MANAGED)
		return;
	g = snapshot_newest(&x->p->snapshot, OF_ISSUER, c->issuer->name);
	fact_of(x, "authority", g ? pair_words(x, g->fingerprint) : "not made yet",
		explained_pair(g));
	fact(x, "published", c->issuer->publish ? explain_arena(x, c->issuer->publish) : NULL);
	if (!g)
		return;
	if (desired && *desired->authority && strcmp(desired->authority, g->fingerprint) != 0)
		fact_pair(x, "signed by", desired->authority);
	if (g->not_after < x->p->plan.at + c->validity)
		fact_of(x, "cut",
			arena_printf(a, "a new one ends with its authority, at %s",
				     time_format(g->not_after, end)),
			json_moment(g->not_after));
}

static void explain_certificate(const struct explanation *x)
{
	const struct certificate *c = x->certificate;
	const struct status_certificate *row =
		&x->status.certificates[c - x->s->fleet.certificates];
	struct arena *a = &x->s->arena;
	size_t count = 0;
	const struct generation *all =
		snapshot_generations(&x->p->snapshot, OF_CERTIFICATE, c->name, &count);
	char held[TIME_TEXT];

	*x->to = (struct explained){ .kind = "certificate", .name = c->name };
	explain_issuer(x, row->generation);
	fact(x, "subject", c->subject ? explain_arena(x, c->subject) : NULL);
	fact_desired(x, row->generation);
	fact_of(x, "renewal", renewal_words(x, row), json_moment(row->renew_at));
	if (row->held_until)
		fact_of(x, "held",
			arena_printf(a, "it is a former one, used until %s, as --use said",
				     time_format(row->held_until, held)),
			json_moment(row->held_until));
	explain_states(x);
	for (size_t i = count; i > 0; i--)
		VEC_PUSH(&x->to->generations, a, &all[i - 1]);
}

/* ---- its history ---- */

static bool is_of_issuer(enum step_kind kind)
{
	return kind == STEP_CREATE_ISSUER || kind == STEP_PUBLISH;
}

/* Whether a step of this kind is of the certificate, or of its authority. */
static bool is_of_certificate(const struct explanation *x, enum step_kind kind, const char *name)
{
	const struct issuer *issuer = x->certificate->issuer;

	if (is_of_issuer(kind))
		return issuer && text_equal(name, issuer->name);
	return text_equal(name, x->certificate->name);
}

static bool is_about(const struct explanation *x, const struct step_record *r)
{
	return x->component ? text_equal(r->component, x->component->name)
			    : !r->component && is_of_certificate(x, r->kind, r->certificate);
}

static struct step_record step_kept(struct arena *a, const struct step_record *r)
{
	struct step_record copy = *r;

	copy.component = r->component ? arena_strdup(a, r->component) : NULL;
	copy.certificate = r->certificate ? arena_strdup(a, r->certificate) : NULL;
	copy.generation = r->generation ? arena_strdup(a, r->generation) : NULL;
	copy.error = r->error ? arena_strdup(a, r->error) : NULL;
	copy.copy = NULL;
	return copy;
}

static bool explain_history(const struct explanation *x, struct err *e)
{
	struct arena *a = &x->s->arena;
	struct run_record *runs = NULL;
	size_t count = 0;

	if (!session_runs(x->s, &runs, &count, e))
		return false;
	for (size_t i = count; i > 0 && x->to->past.count < STEPS_SHOWN && count - i < RUNS_READ;
	     i--) {
		AUTO(arena) own = { 0 };
		struct step_record *steps = NULL;
		size_t step_count = 0;

		if (!journal_run_steps(engine_state(x->s->engine), runs[i - 1].number, &own, &steps,
				       &step_count, e))
			return false;
		for (size_t k = step_count; k > 0 && x->to->past.count < STEPS_SHOWN; k--)
			if (is_about(x, &steps[k - 1]))
				VEC_PUSH(&x->to->past, a,
					 ((struct explained_step){ runs[i - 1].number,
								   step_kept(a, &steps[k - 1]) }));
	}
	return true;
}

/* ---- the next plan ---- */

static bool concerns_role(const struct explanation *x, const char *name)
{
	const struct role *r = NULL;

	if (strncmp(name, "role:", 5) != 0)
		return false;
	r = fleet_role(&x->s->fleet, name + 5);
	if (x->component)
		return r == x->component->role;
	for (size_t i = 0; i < x->s->fleet.component_count; i++)
		if (x->s->fleet.components[i].certificate == x->certificate &&
		    x->s->fleet.components[i].role == r)
			return true;
	return false;
}

static bool concerns_component(const struct explanation *x, const char *name)
{
	const struct component *c = fleet_component(&x->s->fleet, name);

	return c && (c == x->component || c->certificate == x->certificate);
}

/* Its own, those of what it depends on, and those of the whole run that stop anything. */
static bool concerns(const struct explanation *x, const struct precondition *p)
{
	const struct certificate *of = x->component ? x->component->certificate : x->certificate;

	switch (p->about) {
	case ABOUT_FLEET:
		return p->severity != SEVERITY_INFO;
	case ABOUT_ROLE:
		return concerns_role(x, p->component);
	case ABOUT_ISSUER:
		return of->issuer && !strcmp(p->component, of->issuer->name);
	case ABOUT_CERTIFICATE:
		return !strcmp(p->component, of->name);
	case ABOUT_COMPONENT:
		return concerns_component(x, p->component);
	}
	return false;
}

static bool is_its_step(const struct explanation *x, const struct step *s)
{
	if (!x->component)
		return is_of_certificate(x, s->kind, s->certificate);
	return text_equal(s->component, x->component->name) ||
	       (!s->component && !is_of_issuer(s->kind) &&
		text_equal(s->certificate, x->component->certificate->name));
}

static bool is_its_left_out(const struct explanation *x, const struct left_out *l)
{
	return x->component ? text_equal(l->component, x->component->name)
			    : text_equal(l->certificate, x->certificate->name);
}

static void explain_plan(const struct explanation *x)
{
	const struct plan *p = &x->p->plan;
	struct arena *a = &x->s->arena;

	for (size_t i = 0; i < p->precondition_count; i++)
		if (concerns(x, &p->preconditions[i]))
			VEC_PUSH(&x->to->preconditions, a, &p->preconditions[i]);
	for (size_t i = 0; i < p->left_out_count; i++)
		if (is_its_left_out(x, &p->left_out[i]))
			VEC_PUSH(&x->to->left_out, a, &p->left_out[i]);
	for (size_t i = 0; i < p->step_count; i++)
		if (is_its_step(x, &p->steps[i]))
			VEC_PUSH(&x->to->steps, a, &p->steps[i]);
}

/* ---- the command ---- */

static bool explain_one(const struct explanation *x, struct err *e)
{
	if (x->component)
		explain_component(x);
	else
		explain_certificate(x);
	explain_plan(x);
	return explain_history(x, e);
}

static bool refuse_name(struct session *s, const char *name, struct err *e)
{
	const struct fleet *f = &s->fleet;
	const char **names = arena_array(&s->arena, f->component_count + f->certificate_count + 1,
					 sizeof(*names));
	size_t count = 0;
	const char *meant = NULL;

	if (fleet_is_absent(f, name))
		return err_set(e, ERR_USAGE, "component '%s' is not used ('presence: absent')",
			       text_escaped(&s->arena, name));
	if (fleet_has_group(f, name))
		return err_set(e, ERR_USAGE, "'%s' is a group; name one of its components",
			       text_escaped(&s->arena, name));
	for (size_t i = 0; i < f->component_count; i++)
		names[count++] = f->components[i].name;
	for (size_t i = 0; i < f->certificate_count; i++)
		names[count++] = f->certificates[i].name;
	meant = text_nearest(name, names);
	return err_set(e, ERR_USAGE, "'%s' is no component and no certificate%s%s%s",
		       text_escaped(&s->arena, name), meant ? ", did you mean '" : "",
		       meant ? text_escaped(&s->arena, meant) : "", meant ? "'?" : "");
}

static bool cmd_explain_run(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct explain_options *o = call->options;
	const char *name = call->words[0];
	const struct component *component = fleet_component(&s->fleet, name);
	const struct certificate *certificate = fleet_certificate(&s->fleet, name);
	AUTO(planned) p = { 0 };
	AUTO(buf) text = { 0 };
	AUTO(explained) of_component = { 0 };
	AUTO(explained) of_certificate = { 0 };
	AUTO(json) list = json_array();
	struct explanation x = { .s = s, .p = &p };
	struct planning how = { .offline = o->offline, .now = clock_now() };

	(void)status;
	if (!component && !certificate)
		return refuse_name(s, name, e);
	how.at = how.now;
	if (!planning_make(s, &how, &p, e))
		return false;
	status_make(&s->fleet, &p.snapshot, how.now, &s->arena, &x.status);
	status_add_plan(&x.status, &p.plan, &s->arena);
	x.component = component;
	x.to = &of_component;
	if (component && !explain_one(&x, e))
		return false;
	x.component = NULL;
	x.certificate = certificate;
	x.to = &of_certificate;
	if (certificate && !explain_one(&x, e))
		return false;
	for (int i = 0; i < 2; i++) {
		const struct explained *one = i ? &of_certificate : &of_component;

		if (!one->kind)
			continue;
		buf_puts(&text, text.len ? "\n" : "");
		explained_text(one, p.plan.wave_count, &s->arena, s->terminal.color, &text);
		json_array_append_new(list, explained_json(one));
	}
	if (!o->json) {
		term_print(&s->terminal, &text);
		return true;
	}

	AUTO(json) document =
		json_pack("{ss so so sO}", "format_version", EXPLAIN_FORMAT, "fleet",
			  json_text(s->fleet.name), "at", json_moment(how.now), "explained", list);

	term_print_json(&s->terminal, document, false);
	return true;
}

const struct command command_explain = {
	.name = "explain",
	.words = "NAME",
	.summary = "show why it is as it is, and what is next",
	.help = "NAME is a component or a certificate. Tells what is desired, installed and\nserved, what was done about it so far, and its steps and preconditions in a plan\nthat is made now; of a certificate also its authority. Needs no passphrase.",
	.needs = NEEDS_FLEET | NEEDS_ENGINE,
	.words_least = 1,
	.words_most = 1,
	.options = options,
	.options_size = sizeof(struct explain_options),
	.run = cmd_explain_run,
};
