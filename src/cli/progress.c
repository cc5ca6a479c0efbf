/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include "base/clock.h"
#include "base/exit_status.h"
#include "base/stop.h"
#include "base/text.h"
#include "cli/apply_command.h"
#include "cli/session.h"
#include "plan/planner.h"
#include "json/value.h"

#include <string.h>

#define QUOTE_BELOW "\n    | " /* what a command printed, below the message */

enum {
	FINGERPRINT_SHOWN = 12,
	KIND_WIDTH = 13,
	NAMES_SHOWN = 20,
	ALIKE_SHOWN = 5,      /* names of steps that failed alike */
	SUBJECT_WIDTH = 40,   /* columns that a name may take to be one of a column */
	RATE_AFTER_MS = 1000, /* a rate of less time says nothing */
	SHOWN_AS_SECONDS = 120,
};

static const char *const event_names[EVENT_KIND_COUNT] = {
	[EVENT_RUN_STARTED] = "run started", [EVENT_STEP_STARTED] = "step started",
	[EVENT_STEP_ENDED] = "step ended",   [EVENT_NOTE] = "note",
	[EVENT_RUN_ENDED] = "run ended",     [EVENT_NOTIFIED] = "notified",
};

static const char *subject_of(const struct step *s)
{
	if (s->component)
		return s->component;
	if (s->copy)
		return s->copy;
	return s->certificate ? s->certificate : "";
}

void progress_begin(struct progress *p, const struct plan *plan)
{
	p->plan = plan;
	p->marks = arena_array(p->arena, plan->step_count, sizeof(*p->marks));
	p->began_ms = clock_mono_ms();
	for (size_t i = 0; p->terminal->progress && i < plan->step_count; i++) {
		size_t width = text_width(text_escaped(p->arena, subject_of(&plan->steps[i])));

		if (width <= SUBJECT_WIDTH && width > p->subject_width)
			p->subject_width = width;
	}
}

/* ---- JSON output ---- */

static void set(json_t *json, const char *key, json_t *value)
{
	json_object_set_new(json, key, value);
}

static json_t *failed_json(const struct progress *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->broken.count; i++) {
		const struct failed_step *b = &p->broken.items[i];
		json_t *item = json_object();

		set(item, "kind", json_string(step_kind_names[b->kind]));
		set(item, "component", json_text(b->component));
		set(item, "certificate", json_text(b->certificate));
		set(item, "address", json_text(b->address));
		set(item, "error", json_text(b->error));
		json_array_append_new(list, item);
	}
	return list;
}

/* Whether approvals are all that what is left out waits for. */
static bool waits_for_approvals(const struct plan *plan)
{
	bool waits = false;

	for (size_t i = 0; plan && i < plan->precondition_count; i++) {
		const struct precondition *c = &plan->preconditions[i];

		if (c->severity != SEVERITY_ACKNOWLEDGE || c->acknowledged)
			continue;
		if (strcmp(c->code, PLAN_APPROVAL_MISSING) != 0)
			return false;
		waits = true;
	}
	return waits;
}

/* What needs approvals, or whose components moved, needs a new plan. */
static const char *next_command(const struct progress *p, int status, struct buf *out)
{
	const struct session *s = p->session;
	bool signs = status == EXIT_ASKS && waits_for_approvals(p->plan);

	command_begin(s, out);
	if (p->unapproved) {
		buf_puts(out, "approve ");
		text_shell_word(out, p->unapproved);
		buf_puts(out, " --key FILE");
		return buf_text(out);
	}
	buf_puts(out, signs ? "plan --out PLAN" : status == EXIT_STALE ? "plan" : "apply");
	if (strcmp(s->fleet.path, FLEET_FILE) != 0) {
		buf_putc(out, ' ');
		text_shell_word(out, s->fleet.path);
	}
	return buf_text(out);
}

const char *progress_next(const struct progress *p, int status, struct arena *a)
{
	AUTO(buf) command = { 0 };

	return status ? arena_strdup(a, next_command(p, status, &command)) : NULL;
}

size_t progress_changed(const struct progress *p, size_t *issued)
{
	AUTO(arena) a = { 0 };
	static const unsigned changing = 1u << STEP_COMMIT | 1u << STEP_ACTIVATE |
					 1u << STEP_REVERT | 1u << STEP_ROLLBACK |
					 1u << STEP_RETIRE;
	size_t most = p->marks ? p->plan->step_count : 0;
	const char **names = arena_array(&a, most, sizeof(*names));
	size_t count = 0;

	*issued = 0;
	for (size_t i = 0; i < most; i++) {
		const struct step *s = &p->plan->steps[i];

		if (p->marks[i] != STEP_MARK_DONE)
			continue;
		*issued += s->kind == STEP_ISSUE || s->kind == STEP_IMPORT;
		if (s->component && changing & 1u << s->kind)
			names[count++] = s->component;
	}
	return stepped_sorted(names, count).count;
}

void progress_add_next(const struct progress *p, int status, json_t *event)
{
	set(event, "next", json_text(progress_next(p, status, p->arena)));
}

void progress_add_waiting(const struct plan *p, const int64_t *waits_until, json_t *event)
{
	int64_t next = 0;

	set(event, "waiting", json_integer((json_int_t)plan_waiting(p, waits_until, &next)));
	set(event, "waits_until", next ? json_moment(next) : json_null());
}

static void put_json(const struct progress *p, const struct event *event)
{
	const struct step *s = event->step;
	AUTO(json) json = json_object();

	set(json, "event", json_string(event_names[event->kind]));
	set(json, "at", json_moment(event->at));
	if (event->run)
		set(json, "run", json_integer(event->run));
	if (s) {
		set(json, "id", event->number ? json_sprintf("s%zu", event->number) : json_null());
		set(json, "number", json_integer((json_int_t)event->number));
		set(json, "total", json_integer((json_int_t)event->total));
		set(json, "kind", json_string(step_kind_names[s->kind]));
		set(json, "component", json_text(s->component));
		set(json, "certificate", json_text(s->certificate));
		if (s->copy)
			set(json, "copy", json_text(s->copy));
		set(json, "generation", json_text(event->generation));
	}
	switch (event->kind) {
	case EVENT_RUN_STARTED:
		set(json, "steps", json_integer((json_int_t)event->total));
		break;
	case EVENT_STEP_STARTED:
		break;
	case EVENT_STEP_ENDED:
		set(json, "outcome", json_string(step_outcome_names[event->outcome]));
		set(json, "error", json_text(event->text));
		break;
	case EVENT_NOTE:
		set(json, "text", json_text(event->text));
		break;
	case EVENT_RUN_ENDED:
		set(json, "exit_status", json_integer(event->exit_status));
		set(json, "failed", failed_json(p));
		progress_add_next(p, event->exit_status, json);
		progress_add_waiting(p->plan, event->waits_until, json);
		plan_tell_left_out(p->plan, json);
		break;
	case EVENT_NOTIFIED:
		set(json, "target", json_text(event->target));
		set(json, "error", json_text(event->text));
		break;
	case EVENT_KIND_COUNT:
		break;
	}
	term_print_json(p->terminal, json, true);
}

/* ---- text output ---- */

/* "[12/40] commit        front  ab12cd34ef56" */
static void add_words(const struct progress *p, const struct event *event, struct buf *out)
{
	size_t subject_at = 0;
	const char *kind = step_kind_names[event->step->kind];
	const char *subject = subject_of(event->step);

	if (event->number)
		buf_printf(out, "[%*zu/%zu] ", snprintf(NULL, 0, "%zu", event->total),
			   event->number, event->total);
	if (!*subject) {
		buf_puts(out, kind);
		return;
	}
	buf_printf(out, "%-*s  ", KIND_WIDTH, kind);
	subject_at = out->len;
	text_escape(out, subject, strlen(subject));
	if (!event->generation || !*event->generation)
		return;
	for (size_t width = text_width(buf_text(out) + subject_at); width < p->subject_width;
	     width++)
		buf_putc(out, ' ');
	buf_printf(out, "  %.*s", FINGERPRINT_SHOWN, event->generation);
}

/* ---- the line at the bottom of a terminal ---- */

/* Steps that are executed together: those of a wave, or of one kind outside of waves. */
static bool is_of_group(const struct step *s, const struct step *of)
{
	return s->wave == of->wave && (s->wave != NO_WAVE || s->kind == of->kind);
}

static void count_group(struct progress *p, const struct step *of)
{
	memset(p->marked, 0, sizeof(p->marked));
	p->group = of;
	for (size_t i = 0; i < p->plan->step_count; i++)
		if (is_of_group(&p->plan->steps[i], of))
			p->marked[p->marks[i]]++;
}

/* Follows a step of the plan. */
static void progress_mark(struct progress *p, const struct event *event)
{
	enum step_mark *mark = &p->marks[event->number - 1];
	enum step_mark now = event->kind == EVENT_STEP_STARTED ? STEP_MARK_RUNNING
			     : event->text                     ? STEP_MARK_FAILED
							       : STEP_MARK_DONE;

	p->ended += now != STEP_MARK_RUNNING && *mark <= STEP_MARK_RUNNING;
	if (!p->group || !is_of_group(event->step, p->group))
		count_group(p, event->step);
	p->marked[*mark]--;
	p->marked[now]++;
	*mark = now;
}

/* "wave 2/5 web", or the kind of the steps */
static void add_group(const struct progress *p, struct buf *out)
{
	const struct step *s = p->group;

	if (s->wave == NO_WAVE) {
		buf_puts(out, step_kind_names[s->kind]);
		return;
	}
	buf_printf(out, "wave %d/%zu ", s->wave + 1, p->plan->wave_count);
	text_escape(out, p->plan->waves[s->wave].role, strlen(p->plan->waves[s->wave].role));
}

/* "; 4.2/s, 6 s left" */
static void add_rate(const struct progress *p, struct buf *out)
{
	int64_t took = clock_mono_ms() - p->began_ms;
	size_t rest = p->plan->step_count - p->ended;
	int64_t left = 0;

	if (took < RATE_AFTER_MS || !p->ended)
		return;
	buf_printf(out, "; %.1f/s", (double)p->ended * 1000 / (double)took);
	left = took * (int64_t)rest / (int64_t)p->ended / 1000 + 1;
	if (rest && left < SHOWN_AS_SECONDS)
		buf_printf(out, ", %lld s left", (long long)left);
	else if (rest)
		buf_printf(out, ", %lld min left", (long long)left / 60);
}

/* The least important part is last: a narrow terminal does not show it. */
static void progress_draw(struct progress *p)
{
	AUTO(buf) line = { 0 };

	if (!p->group || !p->terminal->progress)
		return;
	buf_printf(&line, "[%zu/%zu] ", p->ended, p->plan->step_count);
	add_group(p, &line);
	buf_printf(&line, ": %zu done, %zu running, %zu failed, %zu waiting",
		   p->marked[STEP_MARK_DONE], p->marked[STEP_MARK_RUNNING],
		   p->marked[STEP_MARK_FAILED], p->marked[STEP_MARK_WAITING]);
	add_rate(p, &line);
	terminal_progress(p->terminal, "%s", buf_text(&line));
}

void progress_tell_notified(struct terminal *t, struct arena *a, const struct event *event)
{
	const char *target = text_escaped(a, event->target);

	if (event->text)
		terminal_error(t, "warning: not notified: %s: %s", target, event->text);
	else
		term_note(t, "notified: %s", target);
}

static void put_line(struct progress *p, const struct event *event)
{
	AUTO(buf) line = { 0 };

	switch (event->kind) {
	case EVENT_STEP_STARTED:
		progress_draw(p);
		return;
	case EVENT_STEP_ENDED:
		add_words(p, event, &line);
		if (event->text) {
			buf_puts(&line, "  failed: ");
			text_escape_lines(&line, event->text, QUOTE_BELOW);
		}
		buf_putc(&line, '\n');
		if (event->text || !p->terminal->quiet)
			term_print(p->terminal, &line);
		progress_draw(p);
		return;
	case EVENT_NOTE:
		term_note(p->terminal, "%s", event->text);
		progress_draw(p);
		return;
	case EVENT_RUN_ENDED:
		terminal_clear(p->terminal);
		p->group = NULL;
		return;
	case EVENT_NOTIFIED:
		terminal_clear(p->terminal);
		progress_tell_notified(p->terminal, p->arena, event);
		return;
	case EVENT_RUN_STARTED:
	case EVENT_KIND_COUNT:
		return;
	}
}

/* ---- results of the steps ---- */

static const char *progress_keep(struct progress *p, const char *text)
{
	return text ? arena_strdup(p->arena, text) : NULL;
}

static struct failed_step broken_step_of(struct progress *p, const struct event *event)
{
	const struct step *s = event->step;
	const struct component *c =
		s->component ? fleet_component(&p->session->fleet, s->component) : NULL;

	return (struct failed_step){ .kind = s->kind,
				     .component = progress_keep(p, s->component),
				     .certificate = progress_keep(p, s->certificate),
				     .address = c ? component_address(c) : NULL,
				     .error = progress_keep(p, event->text) };
}

static void progress_remember(struct progress *p, const struct event *event)
{
	const struct step *s = event->step;

	if (s && p->marks && event->number)
		progress_mark(p, event);
	if (event->kind != EVENT_STEP_ENDED)
		return;
	if (event->text)
		VEC_PUSH(&p->broken, p->arena, broken_step_of(p, event));
	else if (s->kind == STEP_ROLLBACK)
		VEC_PUSH(&p->rolled_back, p->arena, progress_keep(p, subject_of(s)));
}

void progress_listen(void *ctx, const struct event *event)
{
	struct progress *p = ctx;

	progress_remember(p, event);
	if (p->json)
		put_json(p, event);
	else
		put_line(p, event);
}

/* ---- summary ---- */

static const char *broken_subject(const struct failed_step *b)
{
	if (b->component)
		return b->component;
	return b->certificate ? b->certificate : "";
}

/* How many, from the first on, failed alike. */
static size_t broken_alike(const struct failed_step *first, size_t count)
{
	size_t alike = 1;

	while (alike < count && first[alike].kind == first->kind &&
	       !strcmp(first[alike].error, first->error))
		alike++;
	return alike;
}

static void add_broken_alike(const struct failed_step *b, size_t alike, struct buf *out)
{
	buf_printf(out, "  failed: %s", step_kind_names[b->kind]);
	for (size_t i = 0; i < alike && i < ALIKE_SHOWN && *broken_subject(&b[i]); i++) {
		buf_puts(out, i ? ", " : " ");
		text_escape(out, broken_subject(&b[i]), strlen(broken_subject(&b[i])));
	}
	if (alike > ALIKE_SHOWN)
		buf_printf(out, " and %zu more", alike - ALIKE_SHOWN);
	if (alike == 1 && b->address) {
		buf_puts(out, " at ");
		text_escape(out, b->address, strlen(b->address));
	}
	buf_puts(out, ": ");
	text_escape_lines(out, b->error, QUOTE_BELOW);
	buf_putc(out, '\n');
}

static void add_broken(const struct progress *p, struct buf *out)
{
	const struct failed_step *all = p->broken.items;
	size_t lines = 0;

	for (size_t i = 0, alike = 0; i < p->broken.count; i += alike) {
		if (lines++ == NAMES_SHOWN) {
			buf_printf(out, "  failed: %zu more\n", p->broken.count - i);
			return;
		}
		alike = broken_alike(&all[i], p->broken.count - i);
		add_broken_alike(&all[i], alike, out);
	}
}

static void progress_add_names(const char *title, const char *const *names, size_t count,
			       struct buf *out)
{
	if (!count)
		return;
	buf_printf(out, "  %s: ", title);
	for (size_t i = 0; i < count; i++) {
		if (i == NAMES_SHOWN) {
			buf_printf(out, " and %zu more", count - i);
			break;
		}
		buf_puts(out, i ? ", " : "");
		text_escape(out, names[i], strlen(names[i]));
	}
	buf_putc(out, '\n');
}

/* Lists each subject once: its steps are not adjacent in the plan. */
static bool progress_is_listed(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static void add_not_started(const struct progress *p, const int64_t *waits_until, struct buf *out)
{
	const char *names[NAMES_SHOWN + 1];
	size_t count = 0;

	for (size_t i = 0; i < p->plan->step_count; i++) {
		const char *name = subject_of(&p->plan->steps[i]);

		if (p->marks[i] != STEP_MARK_WAITING || waits_until[i] || !*name ||
		    count > NAMES_SHOWN || progress_is_listed(names, count, name))
			continue;
		names[count++] = name;
	}
	if (count > NAMES_SHOWN)
		progress_add_names("not started, among others", names, NAMES_SHOWN, out);
	else
		progress_add_names("not started", names, count, out);
}

static const char *advice(const struct progress *p, const struct apply_result *r, int status)
{
	if (p->unapproved)
		return arena_printf(p->arena,
				    "by %zu more of the signers, then the plan can be applied",
				    p->approvals_missing);
	if (stop_requested())
		return "it finishes what is left";
	if (r && r->rejected)
		return "look why it failed; what was taken back needs --ack rolled-back then";
	if (r && (r->failed || r->not_started))
		return "remove the cause of the failure first; the command finishes the remaining steps, with the same certificates";
	if (status == EXIT_ASKS && waits_for_approvals(p->plan))
		return "the signers approve that with 'certfleet approve PLAN', and its apply does what was left out";
	return "does what was left out, once its cause is removed or accepted";
}

void progress_tell_next(const struct progress *p, const struct apply_result *r, int status)
{
	AUTO(buf) text = { 0 };
	AUTO(buf) command = { 0 };

	if (!status || status == EXIT_AWAITS) /* the person has been told */
		return;
	buf_printf(&text, "next: '%s': %s\n", next_command(p, status, &command),
		   advice(p, r, status));
	term_error(p->terminal, &text);
}

void progress_sum_up(const struct progress *p, const struct apply_result *r)
{
	AUTO(buf) text = { 0 };
	size_t postponed = 0;
	size_t waiting = 0;
	size_t over = 0;
	int64_t next = 0;
	char opens[TIME_TEXT];

	if (stop_requested())
		buf_puts(&text, "certfleet: stopped as asked\n");
	buf_printf(&text,
		   "certfleet: run %u: %zu done, %zu failed, %zu rolled back, %zu not started\n",
		   r->run, r->done, r->failed, r->rolled_back, r->not_started);
	add_broken(p, &text);
	progress_add_names("rolled back", p->rolled_back.items, p->rolled_back.count, &text);
	add_not_started(p, r->waits_until, &text);
	/* installed by this run, but in use only after their next restart */
	for (size_t i = 0; i < p->plan->wave_count; i++)
		if (p->plan->waves[i].postponed)
			postponed += p->plan->waves[i].process_count;
	if (postponed)
		buf_printf(
			&text,
			"  postponed: %zu restart%s; 'certfleet apply --restart-postponed' does it now\n",
			postponed, postponed == 1 ? "" : "s");
	for (size_t i = 0; i < p->plan->left_out_count; i++)
		over += p->plan->left_out[i].component &&
			!strcmp(p->plan->left_out[i].code, PLAN_OVER_LIMITS);
	if (over)
		buf_printf(&text, "  left to the next apply by 'limits': %zu component%s\n", over,
			   over == 1 ? "" : "s");
	waiting = plan_waiting(p->plan, r->waits_until, &next);
	if (waiting)
		buf_printf(&text,
			   "  waiting for a window: %zu component%s, the next one opens at %s\n",
			   waiting, waiting == 1 ? "" : "s", time_format(next, opens));
	progress_add_names("offline, left for a later apply", p->plan->deferred,
			   p->plan->deferred_count, &text);
	if (r->exit_status || !p->terminal->quiet)
		term_error(p->terminal, &text);
}
