/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan as Markdown, for the comment of a pull request.  Everything but our own
 * words is a code span.  The page has parts, each with a share of what is left of
 * it; a list that would outgrow its part ends there and says how much is missing.
 */
#include "base/clock.h"
#include "base/text.h"
#include "base/vec.h"
#include "plan/codes.h"
#include "plan/planner.h"
#include "plan/summary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	FRAME = 4000,   /* titles, and what else is no line of a list */
	CLOSING = 100,  /* bytes that end a part */
	NAMES_LIST = 5, /* of a line; of a precondition as in the text */
	NAMES_DETAILS = 40,
	REACH_LIST = 10, /* of one kind, before the details */
};

/* In the order of the page, with shares of it. */
enum part_name {
	PART_CHOICES,
	PART_PRECONDITIONS,
	PART_ITEMS,
	PART_REACH,
	PART_REACH_ITEMS,
	PART_CERTIFICATES,
	PART_REQUESTS,
	PART_WAVES,
	PART_STEPS,
	PART_FORGET,
	PART_AWAITS,
	PART_LEFT_OUT,
	PART_COUNT
};

static const size_t shares[PART_COUNT] = {
	[PART_CHOICES] = 2,     [PART_PRECONDITIONS] = 10, [PART_ITEMS] = 5,    [PART_REACH] = 6,
	[PART_REACH_ITEMS] = 6, [PART_CERTIFICATES] = 8,   [PART_REQUESTS] = 8, [PART_WAVES] = 8,
	[PART_STEPS] = 8,       [PART_FORGET] = 2,         [PART_AWAITS] = 3,   [PART_LEFT_OUT] = 4,
};

struct comment {
	const struct plan *p;
	struct buf *out;
	struct arena arena;
	bool is_cut;
};

static void comment_release(struct comment *c)
{
	arena_release(&c->arena);
}
AUTO_STRUCT(comment, struct comment, comment_release)

/* ---- parts of the page ---- */

struct part {
	size_t until;   /* where its last line ends */
	size_t missing; /* subjects without a line */
};

static struct part part_begin(const struct comment *c, enum part_name name)
{
	size_t left = PLAN_MARKDOWN_LIMIT - FRAME;
	size_t of = shares[name];

	left = left > c->out->len ? left - c->out->len : 0;
	for (enum part_name i = name + 1; i < PART_COUNT; i++)
		of += shares[i];
	return (struct part){ .until = c->out->len + left * shares[name] / of };
}

/* One of `of` equal shares of what is left of a part. */
static struct part part_split(const struct comment *c, const struct part *part, size_t of)
{
	size_t left = part->until > c->out->len ? part->until - c->out->len : 0;

	return (struct part){ .until = c->out->len + left / of };
}

/* Appends the line, which stands for `count` subjects, if there is room for it. */
static bool part_add(struct comment *c, struct part *part, const struct buf *line, size_t count)
{
	bool fits = c->out->len + line->len + CLOSING <= part->until;

	if (fits)
		buf_add(c->out, line->data, line->len);
	else
		part->missing += count;
	return fits;
}

static void part_end(struct comment *c, const struct part *part, const char *indent)
{
	if (part->missing)
		buf_printf(c->out, "%s- and %zu more\n", indent, part->missing);
	c->is_cut |= part->missing > 0;
}

/* The summary is HTML, in which no text from outside belongs. */
static void details_begin(struct comment *c, const char *summary)
{
	buf_printf(c->out, "\n<details><summary>%s</summary>\n\n", summary);
}

static void details_end(struct comment *c)
{
	buf_puts(c->out, "\n</details>\n");
}

static void heading(struct comment *c, const char *text)
{
	buf_printf(c->out, "\n### %s\n\n", text);
}

/* ---- code spans ---- */

/* One more backtick than the text has in a row delimits a span that holds any text. */
static void code_span_add(struct buf *out, const char *text)
{
	AUTO(buf) shown = { 0 };
	size_t longest = 0;

	text_escape(&shown, text, strlen(text));
	for (size_t i = 0, run = 0; i < shown.len; i++) {
		run = shown.data[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	if (!shown.len) {
		buf_puts(out, "(none)");
		return;
	}

	bool pad = strchr("` ", shown.data[0]) || strchr("` ", shown.data[shown.len - 1]);

	for (size_t i = 0; i <= longest; i++)
		buf_putc(out, '`');
	buf_printf(out, "%s%s%s", pad ? " " : "", shown.data, pad ? " " : "");
	for (size_t i = 0; i <= longest; i++)
		buf_putc(out, '`');
}

static const char *code_span(struct arena *a, const char *text)
{
	AUTO(buf) out = { 0 };

	code_span_add(&out, text);
	return arena_strdup(a, buf_text(&out));
}

/* ---- lines that say the same of several subjects ---- */

struct same_line {
	const char *lead; /* "- **issue** " */
	const char *tail; /* ": `first issue`" */
	const char *name; /* of the subject; NULL: the line has none */
	size_t first;     /* of the lines that are the same: where it stands */
	size_t at;
};

struct same_lines {
	struct arena *arena;
	VEC(struct same_line) list;
};

static void lines_add(struct same_lines *l, const char *lead, const char *name, const char *tail)
{
	VEC_PUSH(&l->list, l->arena,
		 ((struct same_line){
			 .lead = lead, .tail = tail, .name = name, .at = l->list.count }));
}

static bool is_same_line(const struct same_line *a, const struct same_line *b)
{
	return !strcmp(a->lead, b->lead) && !strcmp(a->tail, b->tail);
}

static int compare_text(const void *left, const void *right)
{
	const struct same_line *l = left;
	const struct same_line *r = right;
	int order = strcmp(l->lead, r->lead);

	if (!order)
		order = strcmp(l->tail, r->tail);
	return order ? order : l->at < r->at ? -1 : l->at > r->at;
}

static int compare_first(const void *left, const void *right)
{
	const struct same_line *l = left;
	const struct same_line *r = right;

	if (l->first != r->first)
		return l->first < r->first ? -1 : 1;
	return l->at < r->at ? -1 : l->at > r->at;
}

/* Brings lines that are the same together, each where its first stands. */
static void lines_group(struct same_lines *l)
{
	if (!l->list.count)
		return;
	qsort(l->list.items, l->list.count, sizeof(*l->list.items), compare_text);
	for (size_t i = 0; i < l->list.count; i++) {
		struct same_line *line = &l->list.items[i];

		line->first = i && is_same_line(line - 1, line) ? line[-1].first : line->at;
	}
	qsort(l->list.items, l->list.count, sizeof(*l->list.items), compare_first);
}

static void lines_print(struct comment *c, struct same_lines *l, struct part *part,
			size_t names_shown)
{
	lines_group(l);
	for (size_t i = 0, same = 0; i < l->list.count; i += same) {
		const struct same_line *line = &l->list.items[i];
		AUTO(buf) text = { 0 };

		for (same = 1; i + same < l->list.count && line[same].first == line->first;)
			same++;
		buf_puts(&text, line->lead);
		for (size_t k = 0; line->name && k < same && k < names_shown; k++) {
			buf_puts(&text, k ? ", " : " ");
			code_span_add(&text, line[k].name);
		}
		if (line->name && same > names_shown)
			buf_printf(&text, " and %zu more", same - names_shown);
		buf_printf(&text, "%s\n", line->tail);
		part_add(c, part, &text, same);
	}
	part_end(c, part, "");
}

/* ---- head ---- */

static void list_choices(struct comment *c)
{
	const struct choices *given = &c->p->choices;
	const struct {
		const char *label;
		const char *const *items;
		size_t count;
	} lists[] = {
		{ "only", given->targets, given->target_count },
		{ "accepted", given->acks, given->ack_count },
		{ "issued anew", given->reissue, given->reissue_count },
		{ "used again", given->use, given->use_count },
		{ "handed over", given->handed_over, given->handed_over_count },
		{ "from the bundle", &given->from_backup, given->from_backup ? 1 : 0 },
	};
	struct part part = part_begin(c, PART_CHOICES);
	bool begun = false;

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		for (size_t k = 0; k < lists[i].count; k++) {
			AUTO(buf) line = { 0 };

			buf_printf(&line, "%s- %s: ", begun ? "" : "\n", lists[i].label);
			begun = true;
			code_span_add(&line, lists[i].items[k]);
			buf_putc(&line, '\n');
			part_add(c, &part, &line, 1);
		}
	}
	part_end(c, &part, "");
}

static void print_head(struct comment *c)
{
	const struct plan *p = c->p;
	char at[TIME_TEXT];

	buf_puts(c->out, "## Plan for fleet ");
	code_span_add(c->out, p->fleet);
	buf_puts(c->out, "\n\n**");
	summary_words(p, c->out);
	buf_printf(c->out, "**\n\nMade for %s, ", time_format(p->at, at));
	if (*p->lineage)
		buf_printf(c->out, "from state serial %" PRId64 ".\n", p->serial);
	else
		buf_puts(c->out, "without a state.\n");
	list_choices(c);
}

/* ---- preconditions ---- */

static void precondition_line(const struct precondition *p, size_t alike, bool remedy,
			      struct buf *line)
{
	buf_printf(line, "- **%s** ",
		   p->acknowledged ? "acknowledged" : severity_names[p->severity]);
	code_span_add(line, p->code);
	for (size_t i = 0; i < alike && i < NAMES_LIST && *p[i].component; i++) {
		buf_puts(line, i ? ", " : " ");
		code_span_add(line, p[i].component);
	}
	if (alike > NAMES_LIST)
		buf_printf(line, " and %zu more", alike - NAMES_LIST);
	buf_puts(line, ": ");
	code_span_add(line, p->message);
	buf_putc(line, '\n');
	if (!remedy)
		return;

	AUTO(buf) text = { 0 };

	preconditions_remedy(p, alike, &text);
	buf_puts(line, "  - remedy: ");
	code_span_add(line, buf_text(&text));
	buf_putc(line, '\n');
}

static bool is_first_contact(const struct precondition *p)
{
	return !strcmp(p->code, code_rows[CODE_FIRST_CONTACT].name);
}

static void list_precondition_items(struct comment *c)
{
	struct part part = part_begin(c, PART_ITEMS);
	struct same_lines lines = { .arena = &c->arena };

	for (size_t i = 0; i < c->p->precondition_count; i++) {
		const struct precondition *p = &c->p->preconditions[i];
		AUTO(buf) lead = { 0 };

		if (is_first_contact(p) || !p->item_count)
			continue;
		buf_puts(&lead, "- ");
		code_span_add(&lead, p->code);
		buf_puts(&lead, *p->component ? " " : "");
		if (*p->component)
			code_span_add(&lead, p->component);
		buf_putc(&lead, ':');

		const char *own = arena_strdup(&c->arena, buf_text(&lead));

		for (size_t k = 0; k < p->item_count; k++)
			lines_add(&lines, own, p->items[k], "");
	}
	if (!lines.list.count)
		return;
	details_begin(c, "What they are about");
	lines_print(c, &lines, &part, NAMES_DETAILS);
	details_end(c);
}

static void print_preconditions(struct comment *c)
{
	const struct plan *p = c->p;
	struct part part = part_begin(c, PART_PRECONDITIONS);

	heading(c, "Preconditions");
	if (plan_is_blocked(p))
		buf_puts(c->out, "**Something is blocked.**\n\n");
	else if (plan_needs_acknowledgement(p))
		buf_puts(c->out, "**Something waits for an acknowledgement.**\n\n");
	if (!p->precondition_count)
		buf_puts(c->out, "None.\n");
	for (size_t i = 0, alike = 0; i < p->precondition_count; i += alike) {
		const struct precondition *one = &p->preconditions[i];
		AUTO(buf) line = { 0 };

		alike = preconditions_alike(one, p->precondition_count - i);
		precondition_line(one, alike,
				  !one->acknowledged && preconditions_end_remedy(p, i + alike - 1),
				  &line);
		part_add(c, &part, &line, alike);
	}
	part_end(c, &part, "");
	list_precondition_items(c);
}

/* ---- what the fleet file reaches out to ---- */

static size_t count_reaches(const struct plan *p)
{
	size_t count = 0;

	for (size_t i = 0; i < p->precondition_count; i++)
		count += is_first_contact(&p->preconditions[i]);
	return count;
}

/* False when there is no room for as much as the line that the items stand under. */
static bool reach_lines(struct comment *c, const struct precondition *p, struct part *part,
			size_t from, size_t until)
{
	AUTO(buf) head = { 0 };

	buf_puts(&head, "- ");
	code_span_add(&head, p->message);
	buf_putc(&head, '\n');
	if (!part_add(c, part, &head, p->item_count))
		return false;
	for (size_t i = from; i < until; i++) {
		AUTO(buf) line = { 0 };

		buf_puts(&line, "  - ");
		code_span_add(&line, p->items[i]);
		buf_putc(&line, '\n');
		part_add(c, part, &line, 1);
	}
	return true;
}

/* Each kind in its own share, so that many of one cannot hide those of another. */
static void list_reaches(struct comment *c, enum part_name name, size_t kinds)
{
	const struct plan *p = c->p;
	struct part all = part_begin(c, name);
	bool rest = name == PART_REACH_ITEMS;

	for (size_t i = 0; i < p->precondition_count && kinds; i++) {
		const struct precondition *one = &p->preconditions[i];
		size_t listed = one->item_count < REACH_LIST ? one->item_count : REACH_LIST;
		struct part part = part_split(c, &all, kinds);

		if (!is_first_contact(one))
			continue;
		kinds--;
		if (rest && listed == one->item_count)
			continue;
		if (!reach_lines(c, one, &part, rest ? listed : 0, rest ? one->item_count : listed))
			all.missing += part.missing;
		else
			part_end(c, &part, "  ");
	}
	part_end(c, &all, "");
}

static void print_reaches(struct comment *c)
{
	const struct plan *p = c->p;
	size_t kinds = count_reaches(p);
	bool more = false;

	heading(c, "What it reaches out to");
	if (!kinds)
		buf_puts(c->out, "Nothing that the last completed run did not reach.\n");
	list_reaches(c, PART_REACH, kinds);
	for (size_t i = 0; i < p->precondition_count; i++)
		more |= is_first_contact(&p->preconditions[i]) &&
			p->preconditions[i].item_count > REACH_LIST;
	if (!more)
		return;
	details_begin(c, "The rest of what it reaches out to");
	list_reaches(c, PART_REACH_ITEMS, kinds);
	details_end(c);
}

/* ---- steps outside of waves ---- */

static const char *step_lead(struct comment *c, const struct step *s)
{
	return arena_printf(&c->arena, "- **%s**", step_kind_names[s->kind]);
}

static const char *reason_tail(struct comment *c, const struct step *s)
{
	return arena_printf(&c->arena, ": %s", code_span(&c->arena, s->reason));
}

static const char *step_subject(const struct step *s)
{
	return s->copy ? s->copy : s->certificate ? s->certificate : s->component;
}

static void request_line(const struct step *s, struct buf *line)
{
	buf_puts(line, "- ");
	code_span_add(line, s->certificate);
	for (size_t i = 0; i < s->request_count; i++) {
		const struct request_field *f = &s->request[i];

		buf_puts(line, i ? "; " : ": ");
		code_span_add(line, f->field);
		buf_putc(line, ' ');
		code_span_add(line, f->value);
		if (!f->was || !strcmp(f->was, f->value))
			continue;
		buf_puts(line, " **was** ");
		code_span_add(line, f->was);
	}
	buf_putc(line, '\n');
}

/* Requests that are as before were reviewed before. */
static void list_requests(struct comment *c)
{
	struct part part = part_begin(c, PART_REQUESTS);
	bool begun = false;

	for (size_t i = 0; i < c->p->step_count; i++) {
		const struct step *s = &c->p->steps[i];
		AUTO(buf) line = { 0 };

		if (!s->request_count || step_is_as_before(s))
			continue;
		if (!begun)
			details_begin(c, "What is asked for");
		begun = true;
		request_line(s, &line);
		part_add(c, &part, &line, 1);
	}
	if (!begun)
		return;
	part_end(c, &part, "");
	details_end(c);
}

static void print_certificates(struct comment *c)
{
	struct part part = part_begin(c, PART_CERTIFICATES);
	struct same_lines lines = { .arena = &c->arena };

	for (size_t i = 0; i < c->p->step_count; i++) {
		const struct step *s = &c->p->steps[i];

		if (s->wave == NO_WAVE && s->kind <= STEP_COPY)
			lines_add(&lines, step_lead(c, s), step_subject(s), reason_tail(c, s));
	}
	heading(c, "Certificates");
	if (!lines.list.count)
		buf_puts(c->out, "None is made or imported.\n");
	lines_print(c, &lines, &part, NAMES_LIST);
	list_requests(c);
}

/* ---- waves ---- */

struct wave_work {
	size_t steps[STEP_KIND_COUNT]; /* but of activations */
	size_t activations[ACTIVATION_COUNT];
	int64_t waits_until; /* the last of them; 0: none waits for a window */
};

static const struct wave_work *work_of_waves(struct comment *c)
{
	struct wave_work *work = arena_array(&c->arena, c->p->wave_count, sizeof(*work));

	for (size_t i = 0; i < c->p->step_count; i++) {
		const struct step *s = &c->p->steps[i];

		if (s->wave == NO_WAVE)
			continue;
		if (s->kind == STEP_ACTIVATE)
			work[s->wave].activations[s->activation]++;
		else
			work[s->wave].steps[s->kind]++;
		if (s->waits_until > work[s->wave].waits_until)
			work[s->wave].waits_until = s->waits_until;
	}
	return work;
}

static bool is_same_wave(const struct wave *a, const struct wave *b)
{
	return !strcmp(a->role, b->role) && a->process_count == b->process_count &&
	       a->limit == b->limit && a->canary == b->canary && a->postponed == b->postponed;
}

static void work_words(const struct wave_work *w, struct buf *out)
{
	const char *separator = ": ";

	for (size_t i = ACTIVATION_SWAP; i < ACTIVATION_COUNT; i++) {
		if (!w->activations[i])
			continue;
		buf_printf(out, "%s%zu to %s", separator, w->activations[i], activation_names[i]);
		separator = ", ";
	}
	for (size_t i = 0; i < STEP_KIND_COUNT; i++) {
		if (!w->steps[i] || i == STEP_COMMIT || i == STEP_VERIFY)
			continue;
		buf_printf(out, "%s%zu to %s", separator, w->steps[i], step_kind_names[i]);
		separator = ", ";
	}
}

/* What the collectors of these waves mean for others. */
static void waves_impact(const struct plan *p, size_t first, size_t count, struct buf *out)
{
	int64_t agents = 0;
	bool told = true;
	bool any = false;

	for (size_t i = 0; i < p->impact_count; i++) {
		const struct impact *one = &p->impact[i];

		if (one->wave < (int)first || one->wave >= (int)(first + count))
			continue;
		agents += one->agents;
		told &= one->told;
		any = true;
	}
	if (!any)
		return;
	buf_puts(out, "; ");
	impact_words(told, agents, out);
}

static void wave_line(const struct plan *p, const struct wave_work *work, size_t first,
		      size_t count, struct buf *line)
{
	const struct wave *w = &p->waves[first];
	char until[TIME_TEXT];

	if (count == 1)
		buf_printf(line, "- **wave %zu of %zu**", first + 1, p->wave_count);
	else
		buf_printf(line, "- **waves %zu to %zu of %zu**", first + 1, first + count,
			   p->wave_count);
	if (*w->role) {
		buf_puts(line, ", role ");
		code_span_add(line, w->role);
	}
	buf_printf(line, "%s: %zu %s%s", w->canary ? ", canary" : "", w->process_count,
		   w->process_count == 1 ? "process" : "processes", count > 1 ? " each" : "");
	if (w->postponed)
		buf_puts(line, ", postponed: committed now, activated later");
	else
		buf_printf(line, ", at most %u at the same time", w->limit);
	work_words(&work[first], line);
	waves_impact(p, first, count, line);
	if (work[first].waits_until)
		buf_printf(line, "; waits for its window until %s",
			   time_format(work[first].waits_until, until));
	buf_putc(line, '\n');
}

static void list_waves(struct comment *c)
{
	const struct plan *p = c->p;
	const struct wave_work *work = work_of_waves(c);
	struct part part = part_begin(c, PART_WAVES);

	for (size_t i = 0, same = 0; i < p->wave_count; i += same) {
		AUTO(buf) line = { 0 };

		for (same = 1; i + same < p->wave_count &&
			       is_same_wave(&p->waves[i], &p->waves[i + same]) &&
			       !memcmp(&work[i], &work[i + same], sizeof(*work));)
			same++;
		wave_line(p, work, i, same, &line);
		part_add(c, &part, &line, same);
	}
	part_end(c, &part, "");
}

/* Stages and commits that stand before the waves; each step of a wave, by what is done. */
static void list_steps(struct comment *c)
{
	struct part part = part_begin(c, PART_STEPS);
	struct same_lines lines = { .arena = &c->arena };

	for (size_t i = 0; i < c->p->step_count; i++) {
		const struct step *s = &c->p->steps[i];
		const char *what = s->kind == STEP_ACTIVATE ? activation_names[s->activation]
							    : step_kind_names[s->kind];

		if ((s->wave == NO_WAVE && s->kind <= STEP_COPY) || s->kind == STEP_RETIRE ||
		    s->kind == STEP_VERIFY)
			continue;
		lines_add(&lines, arena_printf(&c->arena, "- **%s**", what), s->component,
			  reason_tail(c, s));
	}
	if (!lines.list.count)
		return;
	details_begin(c, "Steps on components");
	lines_print(c, &lines, &part, NAMES_DETAILS);
	details_end(c);
}

static void print_waves(struct comment *c)
{
	heading(c, "Restarts, by wave");
	if (!c->p->wave_count)
		buf_puts(c->out, "None.\n");
	list_waves(c);
	list_steps(c);
}

/* ---- the rest ---- */

static void print_forgotten(struct comment *c)
{
	struct part part = part_begin(c, PART_FORGET);
	struct same_lines lines = { .arena = &c->arena };

	for (size_t i = 0; i < c->p->step_count; i++) {
		const struct step *s = &c->p->steps[i];

		if (s->kind == STEP_RETIRE)
			lines_add(&lines, step_lead(c, s), s->component, reason_tail(c, s));
	}
	if (!lines.list.count)
		return;
	heading(c, "Forgotten");
	lines_print(c, &lines, &part, NAMES_LIST);
}

static void print_left_out(struct comment *c, enum part_name name, const char *title, bool awaits)
{
	struct part part = part_begin(c, name);
	struct same_lines lines = { .arena = &c->arena };

	for (size_t i = 0; i < c->p->left_out_count; i++) {
		const struct left_out *l = &c->p->left_out[i];
		const char *subject = l->component ? l->component : l->certificate;
		bool waits = *l->cause && strcmp(l->cause, subject) != 0;

		if (left_out_awaits(l) != awaits)
			continue;
		lines_add(&lines,
			  arena_printf(&c->arena, "- %s%s%s", code_span(&c->arena, l->code),
				       waits ? " of " : "",
				       waits ? code_span(&c->arena, l->cause) : ""),
			  subject, "");
	}
	if (!lines.list.count)
		return;
	heading(c, title);
	lines_print(c, &lines, &part, NAMES_LIST);
}

void plan_render_markdown(const struct plan *p, struct buf *out)
{
	AUTO(comment) c = { .p = p, .out = out };

	print_head(&c);
	print_preconditions(&c);
	print_reaches(&c);
	print_certificates(&c);
	print_waves(&c);
	print_forgotten(&c);
	print_left_out(&c, PART_AWAITS, "Waiting for a person", true);
	print_left_out(&c, PART_LEFT_OUT, "Left out", false);
	if (c.is_cut)
		buf_puts(out, "\nShortened to fit a comment: `certfleet plan` prints all of it.\n");
}
