/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain.h"

#include "base/clock.h"
#include "base/table.h"
#include "base/text.h"
#include "json/value.h"

#include <stdio.h>
#include <string.h>

enum {
	SHORT = 12, /* digits of a fingerprint */
	GENERATIONS_SHOWN = 5,
	LABEL = 13,
};

void explained_release(struct explained *x)
{
	vec_each (f, &x->facts)
		json_decref(f->value);
}

/* ---- text ---- */

static void show_title(struct buf *out, const char *text, bool color)
{
	buf_putc(out, '\n');
	tone_add(out, text, TONE_TITLE, color);
	buf_putc(out, '\n');
}

static void show_generations(const struct explained *x, struct arena *a, bool color,
			     struct buf *out)
{
	char from[TIME_TEXT];
	char to[TIME_TEXT];

	if (x->generations.count < 2)
		return;
	show_title(out, "Generations, the newest first", color);
	for (size_t i = 0; i < x->generations.count && i < GENERATIONS_SHOWN; i++) {
		const struct generation *g = x->generations.items[i];

		buf_printf(out, "  %s: ", source_names[g->source]);
		if (g->pending)
			buf_puts(out, "a key without a certificate yet");
		else
			buf_printf(out, "%.*s, number %u of '%s', from %s to %s", SHORT,
				   g->fingerprint, g->number, text_escaped(a, g->owner),
				   time_format(g->not_before, from), time_format(g->not_after, to));
		buf_puts(out, g->reissued ? ", made by --reissue\n" : "\n");
	}
}

static const char *const past_titles[] = { "RUN",        "BEGAN",   "KIND", "COMPONENT",
					   "GENERATION", "OUTCOME", NULL };

static void show_past(const struct explained *x, struct arena *a, bool color, struct buf *out)
{
	struct table t = { .arena = a, .titles = past_titles };
	char began[TIME_TEXT];

	show_title(out, "What was done, the newest first", color);
	vec_each (past, &x->past) {
		const struct step_record *r = &past->record;

		table_add(&t, arena_printf(a, "%u", past->run), TONE_PLAIN);
		table_add(&t, time_format(r->started, began), TONE_PLAIN);
		table_add(&t, step_kind_names[r->kind], TONE_PLAIN);
		table_add(&t, r->component, TONE_PLAIN);
		table_add(&t, r->generation ? arena_strndup(a, r->generation, SHORT) : NULL,
			  TONE_PLAIN);
		table_add(&t, step_outcome_names[r->outcome],
			  r->outcome == STEP_DONE ? TONE_GOOD : TONE_BAD);
		if (r->error)
			table_note(&t, r->error);
	}
	if (x->past.count)
		table_render(&t, color, out);
	else
		buf_puts(out, "  nothing yet\n");
}

static void show_precondition(const struct precondition *p, struct buf *out)
{
	buf_printf(out, "  %s ", p->acknowledged ? "acknowledged" : severity_names[p->severity]);
	preconditions_told(p, 1, out);
	buf_puts(out, "; ");
	preconditions_remedy(p, 1, out);
	buf_putc(out, '\n');
}

static void show_left_out(const struct left_out *l, struct arena *a, struct buf *out)
{
	const char *name = l->component ? l->component : l->certificate;

	buf_printf(out, "  %s is left out: %s", text_escaped(a, name), l->code);
	if (*l->cause && strcmp(l->cause, name) != 0)
		buf_printf(out, " of %s", text_escaped(a, l->cause));
	buf_putc(out, '\n');
}

static void show_step(const struct step *s, size_t waves, struct arena *a, struct buf *out)
{
	bool of_issuer = s->kind == STEP_CREATE_ISSUER || s->kind == STEP_PUBLISH;
	const char *name = of_issuer ? s->certificate : s->component;
	char until[TIME_TEXT];

	buf_printf(out, "  %s", step_kind_names[s->kind]);
	if (name)
		buf_printf(out, " %s", text_escaped(a, name));
	if (s->wave != NO_WAVE)
		buf_printf(out, ", wave %d of %zu", s->wave + 1, waves);
	if (s->waits_until)
		buf_printf(out, ", waits until %s", time_format(s->waits_until, until));
	buf_printf(out, ": %s\n", text_escaped(a, s->reason));
}

static void show_next_plan(const struct explained *x, size_t waves, struct arena *a, bool color,
			   struct buf *out)
{
	show_title(out, "What the next plan does about it", color);
	vec_each (p, &x->preconditions)
		show_precondition(*p, out);
	vec_each (l, &x->left_out)
		show_left_out(*l, a, out);
	vec_each (s, &x->steps)
		show_step(*s, waves, a, out);
	if (!x->steps.count)
		buf_puts(out, x->preconditions.count + x->left_out.count
				      ? "  no step\n"
				      : "  nothing: it is as wanted\n");
}

void explained_text(const struct explained *x, size_t waves, struct arena *a, bool color,
		    struct buf *out)
{
	buf_printf(out, "%s '%s'", x->state ? "Component" : "Certificate",
		   text_escaped(a, x->name));
	if (x->state)
		buf_printf(out, " is %s", x->state);
	buf_putc(out, '\n');
	vec_each (f, &x->facts)
		if (f->words)
			buf_printf(out, "  %-*s%s\n", LABEL, f->label, f->words);
	show_generations(x, a, color, out);
	show_past(x, a, color, out);
	show_next_plan(x, waves, a, color, out);
}

/* ---- JSON ---- */

json_t *explained_pair(const struct generation *g)
{
	if (!g)
		return json_null();
	return json_pack("{so sI ss so so so so sb sb}", "owner", json_text(g->owner), "number",
			 (json_int_t)g->number, "source", source_names[g->source],
			 "fingerprint_sha256", g->pending ? json_null() : json_text(g->fingerprint),
			 "subject", json_text(g->subject), "not_before", json_moment(g->not_before),
			 "not_after", json_moment(g->not_after), "pending", g->pending, "reissued",
			 g->reissued);
}

static json_t *past_json(const struct explained_step *past)
{
	const struct step_record *r = &past->record;

	return json_pack("{sI so ss so so so ss so}", "run", (json_int_t)past->run, "started",
			 json_moment(r->started), "kind", step_kind_names[r->kind], "component",
			 json_text(r->component), "certificate", json_text(r->certificate),
			 "generation", json_text(r->generation), "outcome",
			 step_outcome_names[r->outcome], "error", json_text(r->error));
}

static json_t *precondition_json(const struct precondition *p)
{
	return json_pack("{ss ss so so so sb}", "code", p->code, "severity",
			 severity_names[p->severity], "on", json_text(p->component), "message",
			 json_text(p->message), "remedy", json_text(p->remedy), "acknowledged",
			 p->acknowledged);
}

static json_t *left_out_json(const struct left_out *l)
{
	return json_pack("{so so ss so}", "component", json_text(l->component), "certificate",
			 json_text(l->certificate), "code", l->code, "of", json_text(l->cause));
}

static json_t *step_json(const struct step *s)
{
	return json_pack("{ss so so so so so}", "kind", step_kind_names[s->kind], "component",
			 json_text(s->component), "certificate", json_text(s->certificate), "wave",
			 s->wave == NO_WAVE ? json_null() : json_integer(s->wave + 1),
			 "waits_until", json_moment(s->waits_until), "reason",
			 json_text(s->reason));
}

/* A fact without words is there too, as null. */
static json_t *facts_json(const struct explained *x)
{
	json_t *facts = json_object();

	vec_each (f, &x->facts) {
		char key[64];

		snprintf(key, sizeof(key), "%s", f->label);
		for (char *c = key; *c; c++)
			if (*c == ' ')
				*c = '_';

		json_t *value = f->value ? json_incref(f->value) : json_text(f->words);

		if (!f->several) {
			json_object_set_new(facts, key, value);
			continue;
		}
		if (!json_object_get(facts, key))
			json_object_set_new(facts, key, json_array());
		json_array_append_new(json_object_get(facts, key), value);
	}
	return facts;
}

json_t *explained_json(const struct explained *x)
{
	json_t *json = json_pack("{ss so so so}", "kind", x->kind, "name", json_text(x->name),
				 "state", json_text(x->state), "facts", facts_json(x));
	json_t *generations = json_array();
	json_t *past = json_array();
	json_t *preconditions = json_array();
	json_t *left_out = json_array();
	json_t *steps = json_array();

	vec_each (g, &x->generations)
		json_array_append_new(generations, explained_pair(*g));
	vec_each (p, &x->past)
		json_array_append_new(past, past_json(p));
	vec_each (p, &x->preconditions)
		json_array_append_new(preconditions, precondition_json(*p));
	vec_each (l, &x->left_out)
		json_array_append_new(left_out, left_out_json(*l));
	vec_each (s, &x->steps)
		json_array_append_new(steps, step_json(*s));
	json_object_set_new(json, "generations", generations);
	json_object_set_new(json, "history", past);
	json_object_set_new(json, "preconditions", preconditions);
	json_object_set_new(json, "left_out", left_out);
	json_object_set_new(json, "steps", steps);
	return json;
}
