/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/text.h"
#include "plan/planner.h"
#include "plan/summary.h"

#include <inttypes.h>
#include <string.h>

enum {
	WIDEST_COLUMN = 40,
	ITEMS_SHOWN = 20, /* of one precondition */
	REQUEST_INDENT = 18,
	REQUEST_LABEL = 9,
};

enum style {
	STYLE_TITLE,
	STYLE_BLOCK,
	STYLE_ASK,
	STYLE_FAINT,
	STYLE_COUNT
};

static const char *const style_codes[STYLE_COUNT] = {
	[STYLE_TITLE] = "\033[1m",
	[STYLE_BLOCK] = "\033[1;31m",
	[STYLE_ASK] = "\033[1;33m",
	[STYLE_FAINT] = "\033[2m",
};

struct page {
	const struct plan *p;
	struct buf *out;
	bool color;
	bool verbose;
	size_t width; /* of the first column */
};

static void styled(struct page *pg, enum style style, const char *text)
{
	if (pg->color)
		buf_puts(pg->out, style_codes[style]);
	buf_puts(pg->out, text);
	if (pg->color)
		buf_puts(pg->out, "\033[0m");
}

/* Escapes every text that is not certfleet's own, such as names from a file. */
static void text_show(struct page *pg, const char *text)
{
	if (text)
		text_escape(pg->out, text, strlen(text));
}

static void pad(struct page *pg, size_t used, size_t width)
{
	while (used++ < width)
		buf_putc(pg->out, ' ');
}

static void column(struct page *pg, const char *text, size_t width)
{
	size_t before = pg->out->len;

	text_show(pg, text);
	pad(pg, pg->out->len - before, width);
}

static void title(struct page *pg, const char *text)
{
	buf_putc(pg->out, '\n');
	styled(pg, STYLE_TITLE, text);
	buf_putc(pg->out, '\n');
}

static size_t longer(size_t width, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	if (len > WIDEST_COLUMN)
		len = WIDEST_COLUMN;
	return len > width ? len : width;
}

static size_t first_column(const struct plan *p)
{
	size_t width = 0;

	for (size_t i = 0; i < p->step_count; i++) {
		width = longer(width, p->steps[i].component);
		width = longer(width, p->steps[i].process);
		width = longer(width, p->steps[i].certificate);
	}
	return width;
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
}

/* ---- preconditions ---- */

static void render_severity(struct page *pg, const struct precondition *p)
{
	const char *name = severity_names[p->severity];

	if (p->acknowledged)
		styled(pg, STYLE_FAINT, "acknowledged");
	else if (p->severity == SEVERITY_BLOCK)
		styled(pg, STYLE_BLOCK, name);
	else if (p->severity == SEVERITY_ACKNOWLEDGE)
		styled(pg, STYLE_ASK, name);
	else
		styled(pg, STYLE_FAINT, name);
	pad(pg, strlen(p->acknowledged ? "acknowledged" : name), 14);
}

/* Items, one per line; a large list is cut unless verbose. */
static void render_items(struct page *pg, const struct precondition *p)
{
	size_t count = p->item_count;

	if (!pg->verbose && count > ITEMS_SHOWN)
		count = ITEMS_SHOWN;
	for (size_t i = 0; i < count; i++) {
		pad(pg, 0, 18);
		text_show(pg, p->items[i]);
		buf_putc(pg->out, '\n');
	}
	if (count == p->item_count)
		return;
	pad(pg, 0, 18);
	buf_printf(pg->out, "and %zu more, --verbose lists them\n", p->item_count - count);
}

/* A remedy is printed once, after the last of the preconditions that share it. */
static bool is_last_to_say(const struct page *pg, const struct precondition *p)
{
	const struct precondition *next = p + 1;

	return next == pg->p->preconditions + pg->p->precondition_count ||
	       strcmp(p->code, next->code) != 0 || strcmp(p->remedy, next->remedy) != 0;
}

static void render_precondition(struct page *pg, const struct precondition *p)
{
	buf_puts(pg->out, "  ");
	render_severity(pg, p);
	text_show(pg, p->code);
	if (*p->component) {
		buf_putc(pg->out, ' ');
		text_show(pg, p->component);
	}
	buf_puts(pg->out, ": ");
	text_show(pg, p->message);
	buf_putc(pg->out, '\n');
	render_items(pg, p);
	if (p->acknowledged || !is_last_to_say(pg, p))
		return;
	pad(pg, 0, 16);
	text_show(pg, p->remedy);
	buf_putc(pg->out, '\n');
}

static void render_preconditions(struct page *pg)
{
	if (pg->p->precondition_count)
		title(pg, "Preconditions");
	for (size_t i = 0; i < pg->p->precondition_count; i++)
		render_precondition(pg, &pg->p->preconditions[i]);
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
	{ "Certificates", STEP_CREATE_ISSUER, STEP_BACKUP, .kind = true },
	{ "Stage", STEP_STAGE, STEP_STAGE, .subject = true },
	{ "Commit everywhere before the first activation", STEP_COMMIT, STEP_COMMIT,
	  .subject = true },
};
static const struct text_section section_after = { "Forget", STEP_RETIRE, STEP_RETIRE,
						   .subject = true };

static bool is_as_before(const struct step *s)
{
	for (size_t i = 0; i < s->request_count; i++)
		if (!s->request[i].was || strcmp(s->request[i].was, s->request[i].value) != 0)
			return false;
	return true;
}

static void render_value(struct page *pg, const char *label, const char *value)
{
	pad(pg, 0, REQUEST_INDENT);
	column(pg, label, REQUEST_LABEL);
	if (*value)
		text_show(pg, value);
	else
		buf_puts(pg->out, "(none)");
	buf_putc(pg->out, '\n');
}

static void render_as_before(struct page *pg, const struct step *s)
{
	pad(pg, 0, REQUEST_INDENT);
	for (size_t i = 0; i < s->request_count; i++) {
		buf_puts(pg->out, i ? "; " : "as before: ");
		text_show(pg, s->request[i].value);
	}
	buf_putc(pg->out, '\n');
}

/* One line per value; escaping keeps a text from a file within its line. */
static void render_request(struct page *pg, const struct step *s)
{
	for (size_t i = 0; i < s->request_count; i++) {
		const struct request_field *f = &s->request[i];

		render_value(pg, f->field, f->value);
		if (f->was && strcmp(f->was, f->value) != 0)
			render_value(pg, "    was", f->was);
	}
}

static void render_step(struct page *pg, const struct text_section *s, const struct step *step)
{
	buf_puts(pg->out, "  ");
	if (s->kind)
		column(pg, step_kind_names[step->kind], 15);
	column(pg, s->subject ? step->component : step->certificate, pg->width);
	if (s->subject && step->kind != STEP_RETIRE) {
		buf_puts(pg->out, " <- ");
		text_show(pg, step->certificate);
	}
	buf_puts(pg->out, "  ");
	text_show(pg, step->reason);
	buf_putc(pg->out, '\n');
	if (step->request_count && is_as_before(step))
		render_as_before(pg, step);
	else
		render_request(pg, step);
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
	title(pg, buf_text(&text));
}

/* "commit, reload, verify", or "commit 2, restart, verify 2" */
static void render_work(struct page *pg, const struct step *steps, size_t count)
{
	const char *separator = "";

	for (size_t i = 0; i < count;) {
		const struct step *s = &steps[i];
		size_t same = 0;

		while (i < count && steps[i].kind == s->kind) {
			same++;
			i++;
		}
		buf_puts(pg->out, separator);
		buf_puts(pg->out, s->kind == STEP_ACTIVATE ? activation_names[s->activation]
							   : step_kind_names[s->kind]);
		if (same > 1)
			buf_printf(pg->out, " %zu", same);
		separator = ", ";
	}
}

static bool is_same_process(const struct step *a, const struct step *b)
{
	return a->wave == b->wave && a->process && b->process && !strcmp(a->process, b->process);
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

	size_t before = pg->out->len;

	render_work(pg, steps, count);
	pad(pg, pg->out->len - before, 24);
	buf_puts(pg->out, "  ");
	text_show(pg, steps->reason);
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

/* ---- unchanged components, summary ---- */

static void render_unchanged(struct page *pg)
{
	const struct plan *p = pg->p;
	AUTO(arena) a = { 0 };
	struct stepped stepped = plan_stepped(p, &a);
	bool begun = false;

	for (size_t i = 0; i < p->observed_count; i++) {
		const char *name = p->observed[i].name;

		if (stepped_has(&stepped, name))
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
		styled(pg, STYLE_BLOCK, "Blocked: see the preconditions\n");
	else if (plan_needs_acknowledgement(pg->p))
		styled(pg, STYLE_ASK, "Waits for acknowledgement: see the preconditions\n");
}

void plan_render_text(const struct plan *p, bool verbose, bool color, struct buf *out)
{
	struct page pg = {
		.p = p, .out = out, .color = color, .verbose = verbose, .width = first_column(p)
	};

	render_head(&pg);
	render_preconditions(&pg);
	for (size_t i = 0; i < sizeof(sections_before) / sizeof(struct text_section); i++)
		render_section(&pg, &sections_before[i]);
	render_waves(&pg);
	render_section(&pg, &section_after);
	if (verbose)
		render_unchanged(&pg);
	text_summary(&pg);
}
