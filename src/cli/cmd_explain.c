/* SPDX-License-Identifier: Apache-2.0 */
/* Why a component or a certificate is as it is, and what the next plan would do about it. */
#include "base/clock.h"
#include "base/table.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/planning.h"
#include "cli/session.h"
#include "model/renewal.h"
#include "plan/planner.h"
#include "report/status.h"
#include "state/journal.h"

#include <string.h>

enum {
	SHORT = 12,       /* digits of a fingerprint */
	STEPS_SHOWN = 12, /* of its history */
	RUNS_READ = 100,
	GENERATIONS_SHOWN = 5,
	LABEL = 13,
};

struct explain_options {
	bool offline;
};

static const struct option options[] = {
	FLAG(struct explain_options, offline, .name = "offline",
	     .help = "contact nothing, use the last observations"),
	{ 0 },
};

/* What is explained: one of the two. */
struct explanation {
	struct session *s;
	const struct planned *p;
	struct status status;
	const struct component *component;
	const struct certificate *certificate;
	struct buf *out;
};

static const char *explain_arena(const struct explanation *x, const char *text)
{
	return text_escaped(&x->s->arena, text);
}

static void explain_title(const struct explanation *x, const char *text)
{
	buf_putc(x->out, '\n');
	tone_add(x->out, text, TONE_TITLE, x->s->terminal.color);
	buf_putc(x->out, '\n');
}

static void fact(const struct explanation *x, const char *label, const char *text)
{
	if (text)
		buf_printf(x->out, "  %-*s%s\n", LABEL, label, text);
}

/* "ab12cd34ef56, certificate 'shop' number 3, from T to T" */
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
		fact(x, "seen", "never");
		return;
	}
	fact(x, "seen",
	     seen->now.observed_at
		     ? arena_printf(a, "at %s, %s", time_format(seen->now.observed_at, when),
				    seen->now.online ? "online" : "offline")
		     : "never");
	fact(x, "installed", pair_words(x, seen->now.installed));
	fact(x, "served", pair_words(x, seen->now.served));
	fact(x, "evidence", evidence_names[seen->now.evidence]);
	if (seen->activation_due)
		fact(x, "due", "the activation of what is installed");
	for (size_t i = 0; i < seen->rejected_count; i++)
		fact(x, "rolled back", pair_words(x, seen->rejected[i]));
	if (seen->now.error)
		fact(x, "error", explain_arena(x, seen->now.error));
	if (seen->last_error)
		fact(x, "last run", explain_arena(x, seen->last_error));
}

static void explain_component(const struct explanation *x)
{
	const struct component *c = x->component;
	const struct status_component *row = NULL;
	const char *address = component_address(c);

	for (size_t i = 0; i < x->status.component_count; i++)
		if (x->status.components[i].component == c)
			row = &x->status.components[i];
	buf_printf(x->out, "Component '%s' is %s\n", explain_arena(x, c->name),
		   component_state_names[row->state]);
	fact(x, "certificate", explain_arena(x, c->certificate->name));
	fact(x, "role", *c->role->name ? explain_arena(x, c->role->name) : NULL);
	fact(x, "delivered by", driver_name(c->deliver.kind));
	fact(x, "address", address ? explain_arena(x, address) : NULL);
	fact(x, "windows", window_words(x, c->role));
	fact(x, "desired",
	     row->desired ? pair_words(x, row->desired->fingerprint) : "not made yet");
	explain_seen(x, row->seen);
	fact(x, "refused", row->refusal ? explain_arena(x, row->refusal) : NULL);
	fact(x, "late", row->late ? explain_arena(x, row->late) : NULL);
}

static const char *issuer_words(const struct explanation *x, const struct certificate *c)
{
	if (c->builtin)
		return "built in";
	return c->issuer ? explain_arena(x, c->issuer->name) : "import";
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

	for (size_t i = 0; i < x->status.component_count; i++)
		if (x->status.components[i].component->certificate == x->certificate)
			count[x->status.components[i].state]++;
	for (size_t i = 0; i < COMPONENT_STATE_COUNT; i++)
		if (count[i])
			buf_printf(&text, "%s%zu %s", text.len ? ", " : "", count[i],
				   component_state_names[i]);
	fact(x, "components", text.len ? buf_text(&text) : "none");
}

static void explain_certificate(const struct explanation *x)
{
	const struct certificate *c = x->certificate;
	const struct status_certificate *row =
		&x->status.certificates[c - x->s->fleet.certificates];
	const struct generation *g = row->generation;
	struct arena *a = &x->s->arena;
	size_t count = 0;
	const struct generation *all =
		snapshot_generations(&x->p->snapshot, OF_CERTIFICATE, c->name, &count);
	char held[TIME_TEXT];

	buf_printf(x->out, "Certificate '%s'\n", explain_arena(x, c->name));
	fact(x, "issued by", issuer_words(x, c));
	fact(x, "subject", c->subject ? explain_arena(x, c->subject) : NULL);
	fact(x, "desired", g ? pair_words(x, g->fingerprint) : "not made yet");
	fact(x, "renewal", renewal_words(x, row));
	if (row->held_until)
		fact(x, "held",
		     arena_printf(a, "it is a former one, used until %s, as --use said",
				  time_format(row->held_until, held)));
	explain_states(x);
	if (count > 1)
		explain_title(x, "Generations, the newest first");
	for (size_t i = count; count > 1 && i > 0 && i + GENERATIONS_SHOWN > count; i--) {
		const struct generation *one = &all[i - 1];

		buf_printf(x->out, "  %s: %s%s\n", source_names[one->source],
			   one->pending ? "a key without a certificate yet"
					: pair_words(x, one->fingerprint),
			   one->reissued ? ", made by --reissue" : "");
	}
}

/* ---- its history ---- */

static const char *const step_titles[] = { "RUN",        "BEGAN",   "KIND", "COMPONENT",
					   "GENERATION", "OUTCOME", NULL };

static bool is_about(const struct explanation *x, const struct step_record *r)
{
	return x->component ? text_equal(r->component, x->component->name)
			    : text_equal(r->certificate, x->certificate->name) && !r->component;
}

static void add_past_step(struct table *t, unsigned run, const struct step_record *r)
{
	char text[TIME_TEXT];

	table_add(t, arena_printf(t->arena, "%u", run), TONE_PLAIN);
	table_add(t, time_format(r->started, text), TONE_PLAIN);
	table_add(t, step_kind_names[r->kind], TONE_PLAIN);
	table_add(t, r->component, TONE_PLAIN);
	table_add(t, r->generation ? arena_strndup(t->arena, r->generation, SHORT) : NULL,
		  TONE_PLAIN);
	table_add(t, step_outcome_names[r->outcome],
		  r->outcome == STEP_DONE ? TONE_GOOD : TONE_BAD);
	if (r->error)
		table_note(t, r->error);
}

static bool explain_history(const struct explanation *x, struct err *e)
{
	struct table t = { .arena = &x->s->arena, .titles = step_titles };
	struct run_record *runs = NULL;
	size_t count = 0;
	size_t shown = 0;

	if (!session_runs(x->s, &runs, &count, e))
		return false;
	for (size_t i = count; i > 0 && shown < STEPS_SHOWN && count - i < RUNS_READ; i--) {
		AUTO(arena) own = { 0 };
		struct step_record *steps = NULL;
		size_t step_count = 0;

		if (!journal_run_steps(engine_state(x->s->engine), runs[i - 1].number, &own, &steps,
				       &step_count, e))
			return false;
		for (size_t k = step_count; k > 0 && shown < STEPS_SHOWN; k--) {
			if (!is_about(x, &steps[k - 1]))
				continue;
			add_past_step(&t, runs[i - 1].number, &steps[k - 1]);
			shown++;
		}
	}
	explain_title(x, "What was done, the newest first");
	if (shown)
		table_render(&t, x->s->terminal.color, x->out);
	else
		buf_puts(x->out, "  nothing yet\n");
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

static size_t explain_preconditions(const struct explanation *x)
{
	const struct plan *p = &x->p->plan;
	size_t count = 0;

	for (size_t i = 0; i < p->precondition_count; i++) {
		const struct precondition *c = &p->preconditions[i];

		if (!concerns(x, c))
			continue;
		buf_printf(x->out, "  %s ",
			   c->acknowledged ? "acknowledged" : severity_names[c->severity]);
		preconditions_told(c, 1, x->out);
		buf_puts(x->out, "; ");
		preconditions_remedy(c, 1, x->out);
		buf_putc(x->out, '\n');
		count++;
	}
	return count;
}

static bool is_its_step(const struct explanation *x, const struct step *s)
{
	if (x->component)
		return text_equal(s->component, x->component->name) ||
		       (!s->component &&
			text_equal(s->certificate, x->component->certificate->name));
	return text_equal(s->certificate, x->certificate->name);
}

static size_t explain_steps(const struct explanation *x)
{
	const struct plan *p = &x->p->plan;
	char until[TIME_TEXT];
	size_t count = 0;

	for (size_t i = 0; i < p->step_count; i++) {
		const struct step *s = &p->steps[i];

		if (!is_its_step(x, s))
			continue;
		buf_printf(x->out, "  %s", step_kind_names[s->kind]);
		if (s->component)
			buf_printf(x->out, " %s", explain_arena(x, s->component));
		if (s->wave != NO_WAVE)
			buf_printf(x->out, ", wave %d of %zu", s->wave + 1, p->wave_count);
		if (s->waits_until)
			buf_printf(x->out, ", waits until %s", time_format(s->waits_until, until));
		buf_printf(x->out, ": %s\n", explain_arena(x, s->reason));
		count++;
	}
	return count;
}

static size_t explain_left_out(const struct explanation *x)
{
	const struct plan *p = &x->p->plan;
	size_t count = 0;

	for (size_t i = 0; i < p->left_out_count; i++) {
		const struct left_out *l = &p->left_out[i];
		const char *name = l->component ? l->component : l->certificate;

		if (x->component ? !text_equal(l->component, x->component->name)
				 : !text_equal(l->certificate, x->certificate->name))
			continue;
		buf_printf(x->out, "  %s is left out: %s", explain_arena(x, name), l->code);
		if (*l->cause && strcmp(l->cause, name) != 0)
			buf_printf(x->out, " of %s", explain_arena(x, l->cause));
		buf_putc(x->out, '\n');
		count++;
	}
	return count;
}

static void explain_plan(const struct explanation *x)
{
	size_t count = 0;

	explain_title(x, "What the next plan does about it");
	count = explain_preconditions(x);
	count += explain_left_out(x);
	if (!explain_steps(x))
		buf_puts(x->out, count ? "  no step\n" : "  nothing: it is as wanted\n");
}

/* ---- the command ---- */

static bool explain_one(struct explanation *x, struct err *e)
{
	if (x->component)
		explain_component(x);
	else
		explain_certificate(x);
	if (!explain_history(x, e))
		return false;
	explain_plan(x);
	return true;
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
	struct explanation x = { .s = s, .p = &p, .out = &text };
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
	if (component && !explain_one(&x, e))
		return false;
	if (component && certificate)
		buf_putc(&text, '\n');
	x.component = NULL;
	x.certificate = certificate;
	if (certificate && !explain_one(&x, e))
		return false;
	term_print(&s->terminal, &text);
	return true;
}

const struct command command_explain = {
	.name = "explain",
	.words = "NAME",
	.summary = "show why it is as it is, and what is next",
	.help = "NAME is a component or a certificate. Tells what is desired, installed and\nserved, what was done about it so far, and its steps and preconditions in a plan\nthat is made now. Needs no passphrase.",
	.needs = NEEDS_FLEET | NEEDS_ENGINE,
	.words_least = 1,
	.words_most = 1,
	.options = options,
	.options_size = sizeof(struct explain_options),
	.run = cmd_explain_run,
};
