/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/table.h"
#include "base/text.h"
#include "plan/planner.h"
#include "plan/summary.h"

#include <inttypes.h>
#include <string.h>

enum {
	ITEMS_SHOWN = 20, /* of one precondition */
	SEVERITY_WIDTH = 14,
	KIND_WIDTH = 15,
	WORK_WIDTH = 24,
	REMEDY_INDENT = 16,
	ITEM_INDENT = 18, /* and of a request */
	REQUEST_LABEL = 9,
};

struct page {
	struct arena *arena;
	const struct plan *p;
	struct buf *out;
	bool color;
	bool verbose;
	size_t width; /* of the first column */
};

/* Everything that is not ours goes through here: it may come from a file. */
static void text_show(struct page *pg, const char *text)
{
	if (text)
		text_escape(pg->out, text, strlen(text));
}

static const char *page_escaped(struct page *pg, const char *text)
{
	return text ? text_escaped(pg->arena, text) : "";
}

static void column(struct page *pg, const char *text, size_t width)
{
	column_add(pg->out, &(struct cell){ page_escaped(pg, text), TONE_PLAIN }, width, pg->color);
}

static void indent(struct page *pg, int width)
{
	buf_printf(pg->out, "%*s", width, "");
}

static void title(struct page *pg, const char *text)
{
	buf_putc(pg->out, '\n');
	tone_add(pg->out, text, TONE_TITLE, pg->color);
	buf_putc(pg->out, '\n');
}

static void render_head(struct page *pg)
{
	const struct choices *c = &pg->p->choices;
	char at[TIME_TEXT];

	buf_puts(pg->out, "Plan for fleet '");
	text_show(pg, pg->p->fleet);
	buf_printf(pg->out, "' at %s, ", time_format(pg->p->at, at));
	if (*pg->p->lineage)
		buf_printf(pg->out, "state serial %" PRId64 "\n", pg->p->serial);
	else
		buf_puts(pg->out, "no state yet\n");
	for (size_t i = 0; i < c->target_count; i++) {
		buf_puts(pg->out, i ? ", " : "Only: ");
		text_show(pg, c->targets[i]);
	}
	if (c->target_count)
		buf_putc(pg->out, '\n');
	for (size_t i = 0; i < c->handed_over_count; i++) {
		buf_puts(pg->out, i ? ", " : "Handed over: ");
		text_show(pg, c->handed_over[i]);
	}
	if (c->handed_over_count)
		buf_putc(pg->out, '\n');
	if (c->ignore_windows) {
		buf_puts(pg->out, "Windows and freezes ignored: ");
		text_show(pg, c->ignore_windows);
		buf_putc(pg->out, '\n');
	}
	if (c->over_limits) {
		buf_puts(pg->out, "Over the limits: ");
		text_show(pg, c->over_limits);
		buf_putc(pg->out, '\n');
	}
	if (c->from_backup) {
		buf_puts(pg->out, "From the bundle: ");
		text_show(pg, c->from_backup);
		buf_putc(pg->out, '\n');
	}
}

/* ---- preconditions ---- */

static void render_severity(struct page *pg, const struct precondition *p)
{
	static const enum tone tones[SEVERITY_COUNT] = {
		[SEVERITY_BLOCK] = TONE_BAD,
		[SEVERITY_ACKNOWLEDGE] = TONE_ASK,
		[SEVERITY_INFO] = TONE_FAINT,
	};
	struct cell c = { severity_names[p->severity], tones[p->severity] };

	if (p->acknowledged)
		c = (struct cell){ "acknowledged", TONE_FAINT };
	column_add(pg->out, &c, SEVERITY_WIDTH, pg->color);
}

/* Items, one per line; a large list is cut unless verbose. */
static void render_items(struct page *pg, const struct precondition *p)
{
	size_t count = p->item_count;

	if (!pg->verbose && count > ITEMS_SHOWN)
		count = ITEMS_SHOWN;
	for (size_t i = 0; i < count; i++) {
		indent(pg, ITEM_INDENT);
		text_show(pg, p->items[i]);
		buf_putc(pg->out, '\n');
	}
	if (count == p->item_count)
		return;
	indent(pg, ITEM_INDENT);
	buf_printf(pg->out, "and %zu more, --verbose lists them\n", p->item_count - count);
}

/* Renders `p` and those alike that follow; returns their number. */
static size_t render_precondition(struct page *pg, const struct precondition *p)
{
	const struct precondition *end = pg->p->preconditions + pg->p->precondition_count;
	size_t alike = pg->verbose ? 1 : preconditions_alike(p, (size_t)(end - p));

	buf_puts(pg->out, "  ");
	render_severity(pg, p);
	preconditions_told(p, alike, pg->out);
	buf_putc(pg->out, '\n');
	render_items(pg, p);
	if (p->acknowledged ||
	    !preconditions_end_remedy(pg->p, (size_t)(p - pg->p->preconditions) + alike - 1))
		return alike;
	indent(pg, REMEDY_INDENT);
	preconditions_remedy(p, alike, pg->out);
	buf_putc(pg->out, '\n');
	return alike;
}

/* ---- steps outside of waves ---- */

/* Step kinds under one title; steps of waves are shown by wave. */
struct text_section {
	const char *title;
	enum step_kind first;
	enum step_kind last;
	bool kind;    /* show the step kind */
	bool subject; /* the component comes before the certificate */
};

static const struct text_section sections_before[] = {
	{ "Certificates", STEP_CREATE_ISSUER, STEP_COPY, .kind = true },
	{ "Stage", STEP_STAGE, STEP_STAGE, .subject = true },
	{ "Commit everywhere before the first activation", STEP_COMMIT, STEP_COMMIT,
	  .subject = true },
};
static const struct text_section section_after = { "Forget", STEP_RETIRE, STEP_RETIRE,
						   .subject = true };

static void render_value(struct page *pg, const char *label, const char *value)
{
	indent(pg, ITEM_INDENT);
	column(pg, label, REQUEST_LABEL);
	if (*value)
		text_show(pg, value);
	else
		buf_puts(pg->out, "(none)");
	buf_putc(pg->out, '\n');
}

static void render_step(struct page *pg, const struct text_section *s, const struct step *step)
{
	buf_puts(pg->out, "  ");
	if (s->kind)
		column(pg, step_kind_names[step->kind], KIND_WIDTH);
	column(pg,
	       s->subject   ? step->component
	       : step->copy ? step->copy
			    : step->certificate,
	       pg->width);
	if (s->subject && step->kind != STEP_RETIRE) {
		buf_puts(pg->out, " <- ");
		text_show(pg, step->certificate);
	}
	buf_puts(pg->out, "  ");
	text_show(pg, step->reason);
	if (step->waits_until)
		buf_puts(pg->out, "; waits for its window");
	buf_putc(pg->out, '\n');
	if (step->request_count && step_is_as_before(step)) {
		indent(pg, ITEM_INDENT);
		for (size_t i = 0; i < step->request_count; i++) {
			buf_puts(pg->out, i ? "; " : "as before: ");
			text_show(pg, step->request[i].value);
		}
		buf_putc(pg->out, '\n');
		return;
	}
	/* One line per value; escaping keeps a text from a file within its line. */
	for (size_t i = 0; i < step->request_count; i++) {
		const struct request_field *f = &step->request[i];

		render_value(pg, f->field, f->value);
		if (f->was && strcmp(f->was, f->value) != 0)
			render_value(pg, "    was", f->was);
	}
}

static void render_section(struct page *pg, const struct text_section *s)
{
	bool begun = false;

	for (size_t i = 0; i < pg->p->step_count; i++) {
		const struct step *step = &pg->p->steps[i];

		if (step->wave != NO_WAVE || step->kind < s->first || step->kind > s->last)
			continue;
		if (!begun)
			title(pg, s->title);
		begun = true;
		render_step(pg, s, step);
	}
}

/* ---- waves ---- */

/* Agents of all collectors of a wave, where each number is known. */
static void add_wave_impact(const struct page *pg, size_t index, struct buf *out)
{
	int64_t agents = 0;
	bool told = true;
	size_t count = 0;

	for (size_t i = 0; i < pg->p->impact_count; i++) {
		const struct impact *one = &pg->p->impact[i];

		if (one->wave != (int)index)
			continue;
		agents += one->agents;
		told &= one->told;
		count++;
	}
	if (count < 2 || !told)
		return;
	buf_puts(out, "; ");
	impact_words(true, agents, out);
}

/* "; waits until T", or how many of its processes do. */
static void add_wave_waits(const struct page *pg, size_t index, struct buf *out)
{
	const struct plan *p = pg->p;
	const char *last = NULL;
	int64_t until = 0;
	size_t count = 0;
	char text[TIME_TEXT];

	for (size_t i = 0; i < p->step_count; i++) {
		const struct step *s = &p->steps[i];

		if (s->wave != (int)index || !s->waits_until)
			continue;
		count += !text_equal(last, s->process);
		last = s->process;
		if (s->waits_until > until)
			until = s->waits_until;
	}
	if (!count)
		return;
	buf_puts(out, "; ");
	if (count < p->waves[index].process_count)
		buf_printf(out, "%zu of them ", count);
	buf_printf(out, "wait%s until %s",
		   count > 1 && count < p->waves[index].process_count ? "" : "s",
		   time_format(until, text));
}

static void render_wave_title(struct page *pg, size_t index)
{
	const struct wave *w = &pg->p->waves[index];
	AUTO(buf) text = { 0 };

	buf_printf(&text, "Wave %zu of %zu", index + 1, pg->p->wave_count);
	if (*w->role) {
		buf_puts(&text, ", role '");
		text_escape(&text, w->role, strlen(w->role));
		buf_putc(&text, '\'');
	}
	if (w->canary)
		buf_puts(&text, ", canary");
	if (w->postponed)
		buf_puts(&text, ", postponed: committed now, activated later");
	else
		buf_printf(&text, ": %zu %s, at most %u at the same time", w->process_count,
			   w->process_count == 1 ? "process" : "processes", w->limit);
	add_wave_impact(pg, index, &text);
	add_wave_waits(pg, index, &text);
	title(pg, buf_text(&text));
}

/* "commit, reload, verify", or "commit 2, restart, verify 2" */
static void render_work(struct page *pg, const struct step *steps, size_t count)
{
	AUTO(buf) work = { 0 };
	const char *separator = "";

	for (size_t i = 0; i < count;) {
		const struct step *s = &steps[i];
		size_t same = 0;

		while (i < count && steps[i].kind == s->kind) {
			same++;
			i++;
		}
		buf_puts(&work, separator);
		buf_puts(&work, s->kind == STEP_ACTIVATE ? activation_names[s->activation]
							 : step_kind_names[s->kind]);
		if (same > 1)
			buf_printf(&work, " %zu", same);
		separator = ", ";
	}
	column(pg, buf_text(&work), WORK_WIDTH);
}

static bool is_same_process(const struct step *a, const struct step *b)
{
	return a->wave == b->wave && a->process && b->process && !strcmp(a->process, b->process);
}

static void render_impact(struct page *pg, const struct step *steps, size_t count)
{
	const struct impact *found = NULL;

	for (size_t i = 0; i < count && !found; i++)
		if (steps[i].kind == STEP_ACTIVATE)
			found = text_find(steps[i].component, pg->p->impact, pg->p->impact_count,
					  sizeof(*pg->p->impact));
	if (!found)
		return;
	buf_puts(pg->out, "; ");
	impact_words(found->told, found->agents, pg->out);
}

/* Renders the consecutive steps of one process in one wave. */
static size_t render_process(struct page *pg, const struct step *steps, size_t most)
{
	size_t count = 1;

	while (count < most && is_same_process(steps, &steps[count]))
		count++;
	buf_puts(pg->out, "  ");
	column(pg, steps->process, pg->width);
	buf_puts(pg->out, "  ");
	render_work(pg, steps, count);
	buf_puts(pg->out, "  ");
	text_show(pg, steps->reason);
	render_impact(pg, steps, count);
	buf_putc(pg->out, '\n');
	return count;
}

static void render_waves(struct page *pg)
{
	int wave = NO_WAVE;

	for (size_t i = 0; i < pg->p->step_count;) {
		const struct step *step = &pg->p->steps[i];

		if (step->wave == NO_WAVE) {
			i++;
			continue;
		}
		if (step->wave != wave)
			render_wave_title(pg, (size_t)step->wave);
		wave = step->wave;
		i += render_process(pg, step, pg->p->step_count - i);
	}
}

/* ---- what is left out, what is unchanged, summary ---- */

static void render_one_left_out(struct page *pg, const struct left_out *l)
{
	const char *name = l->component ? l->component : l->certificate;

	buf_puts(pg->out, "  ");
	column(pg, name, pg->width);
	buf_puts(pg->out, "  ");
	if (*l->cause && strcmp(l->cause, name) != 0) {
		buf_puts(pg->out, "waits for ");
		text_show(pg, l->cause);
		buf_puts(pg->out, left_out_awaits(l) ? "" : ": ");
	}
	if (!left_out_awaits(l))
		text_show(pg, l->code);
	else if (!strcmp(l->cause, name))
		buf_puts(pg->out, "its file is to be imported");
	buf_putc(pg->out, '\n');
}

/* Those that wait for a person, or the others.  A large list is cut unless verbose. */
static void render_left_out(struct page *pg, const char *heading, bool awaits)
{
	size_t count = 0;

	for (size_t i = 0; i < pg->p->left_out_count; i++) {
		const struct left_out *l = &pg->p->left_out[i];

		if (left_out_awaits(l) != awaits)
			continue;
		if (!count++)
			title(pg, heading);
		if (count <= ITEMS_SHOWN || pg->verbose)
			render_one_left_out(pg, l);
	}
	if (count > ITEMS_SHOWN && !pg->verbose)
		buf_printf(pg->out, "  and %zu more, --verbose lists them\n", count - ITEMS_SHOWN);
}

static void render_unchanged(struct page *pg)
{
	const struct plan *p = pg->p;
	AUTO(arena) a = { 0 };
	struct stepped stepped = plan_stepped(p, &a);
	struct stepped left = plan_left_components(p, &a);
	bool begun = false;

	for (size_t i = 0; i < p->observed_count; i++) {
		const char *name = p->observed[i].name;

		if (stepped_has(&stepped, name) || stepped_has(&left, name))
			continue;
		if (!begun)
			title(pg, "Unchanged");
		begun = true;
		buf_puts(pg->out, "  ");
		text_show(pg, name);
		buf_putc(pg->out, '\n');
	}
}

static void text_summary(struct page *pg)
{
	AUTO(buf) text = { 0 };

	summary_words(pg->p, &text);
	title(pg, buf_text(&text));
	if (plan_is_blocked(pg->p))
		tone_add(pg->out, "Blocked: see the preconditions\n", TONE_BAD, pg->color);
	else if (plan_needs_acknowledgement(pg->p))
		tone_add(pg->out, "Waits for acknowledgement: see the preconditions\n", TONE_ASK,
			 pg->color);
	else if (pg->p->awaited_count)
		tone_add(pg->out, "Waits for a person: see the preconditions\n", TONE_ASK,
			 pg->color);
}

void plan_render_text(const struct plan *p, bool verbose, bool color, struct buf *out)
{
	AUTO(arena) a = { 0 };
	struct page pg = { .arena = &a, .p = p, .out = out, .color = color, .verbose = verbose };

	for (size_t i = 0; i < p->step_count; i++) {
		const struct step *s = &p->steps[i];

		column_widen(&pg.width, page_escaped(&pg, s->component));
		column_widen(&pg.width, page_escaped(&pg, s->process));
		column_widen(&pg.width, page_escaped(&pg, s->certificate));
	}
	for (size_t i = 0; i < p->left_out_count && i < ITEMS_SHOWN; i++)
		column_widen(&pg.width, page_escaped(&pg, p->left_out[i].component
								  ? p->left_out[i].component
								  : p->left_out[i].certificate));
	render_head(&pg);
	if (p->precondition_count)
		title(&pg, "Preconditions");
	for (size_t i = 0; i < p->precondition_count;)
		i += render_precondition(&pg, &p->preconditions[i]);
	for (size_t i = 0; i < sizeof(sections_before) / sizeof(struct text_section); i++)
		render_section(&pg, &sections_before[i]);
	render_waves(&pg);
	render_section(&pg, &section_after);
	render_left_out(&pg, "Waiting for a person", true);
	render_left_out(&pg, "Left out", false);
	if (verbose)
		render_unchanged(&pg);
	text_summary(&pg);
}
