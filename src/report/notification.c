/* SPDX-License-Identifier: Apache-2.0 */
#include "report/notification.h"

#include "base/clock.h"
#include "base/exit_status.h"
#include "base/text.h"
#include "json/value.h"

#include <inttypes.h>
#include <string.h>

#define NOTIFICATION_FORMAT "1.0"

/* ---- outcomes ---- */

static bool waits_for_approval(const struct precondition *c)
{
	return !strcmp(c->code, PLAN_APPROVAL_MISSING);
}

static bool is_unanswered(const struct precondition *c)
{
	return c->severity != SEVERITY_INFO && !c->acknowledged;
}

/* Whether approvals are all that is asked for. */
static bool asks_for_approvals_alone(const struct plan *p)
{
	for (size_t i = 0; p && i < p->precondition_count; i++)
		if (is_unanswered(&p->preconditions[i]) &&
		    !waits_for_approval(&p->preconditions[i]))
			return false;
	return p;
}

static size_t notification_waiting(const struct notification *n, int64_t *next)
{
	*next = 0;
	return n->plan && !n->test
		       ? plan_waiting(n->plan, n->result ? n->result->waits_until : NULL, next)
		       : 0;
}

unsigned notification_outcomes(const struct notification *n)
{
	bool asks = n->exit_status == EXIT_ASKS && !n->error && asks_for_approvals_alone(n->plan);
	bool awaits = asks || n->exit_status == EXIT_AWAITS;
	int64_t next = 0;

	if (n->exit_status != EXIT_DONE && !awaits)
		return 1u << NOTIFY_FAILED;
	awaits |= notification_waiting(n, &next) > 0;
	return (awaits ? 1u << NOTIFY_AWAITING : 0) |
	       ((n->result && n->result->done) || n->interrupted ? 1u << NOTIFY_CHANGED : 0);
}

/* The gravest. */
static const char *outcome_word(unsigned outcomes)
{
	static const enum notify_outcome by_weight[] = { NOTIFY_FAILED, NOTIFY_AWAITING,
							 NOTIFY_CHANGED };

	for (size_t i = 0; i < NOTIFY_OUTCOME_COUNT; i++)
		if (outcomes & 1u << by_weight[i])
			return notify_outcome_names[by_weight[i]];
	return notify_outcome_names[NOTIFY_CHANGED];
}

/* ---- problems ---- */

/* What failed, is left out or waits; each text escaped and cut, NULL where there is none. */
struct notification_problem {
	const char *code;
	const char *kind; /* of the step that failed */
	const char *component;
	const char *certificate;
	const char *address;
	const char *message;
	const char *remedy;
};

struct notification_problems {
	struct arena *arena;
	struct notification_problem list[NOTIFICATION_PROBLEMS];
	size_t count;
	size_t more;
};

/* On one line. */
static const char *problem_text(struct arena *a, const char *text)
{
	char *line = text && *text ? arena_strdup(a, text) : NULL;

	for (char *at = line; at && *at; at++)
		if (*at == '\n')
			*at = ' ';
	return line ? text_escaped(a, line) : NULL;
}

static void problem_add(struct notification_problems *to, const struct notification_problem *p)
{
	struct arena *a = to->arena;

	if (to->count == NOTIFICATION_PROBLEMS) {
		to->more++;
		return;
	}
	to->list[to->count++] =
		(struct notification_problem){ .code = problem_text(a, p->code),
					       .kind = p->kind,
					       .component = problem_text(a, p->component),
					       .certificate = problem_text(a, p->certificate),
					       .address = problem_text(a, p->address),
					       .message = problem_text(a, p->message),
					       .remedy = problem_text(a, p->remedy) };
}

static bool is_trouble(const struct precondition *c)
{
	return is_unanswered(c) || !strcmp(c->code, PLAN_AWAITING_HANDOFF);
}

static void problem_of_precondition(const struct notification *n, const struct precondition *c,
				    struct notification_problems *to)
{
	const struct component *on =
		c->about == ABOUT_COMPONENT ? fleet_component(n->fleet, c->component) : NULL;

	problem_add(to, &(struct notification_problem){
				.code = c->code,
				.component = c->component,
				.certificate = on ? on->certificate->name : NULL,
				.address = on ? component_address(on) : NULL,
				.message = c->message,
				.remedy = c->remedy });
}

/* A saved plan says of approvals that it is made as if it had them. */
static void collect_problems(const struct notification *n, struct notification_problems *to)
{
	for (size_t i = 0; i < n->failed_count; i++) {
		const struct failed_step *f = &n->failed[i];

		problem_add(to, &(struct notification_problem){ .code = "failed",
								.kind = step_kind_names[f->kind],
								.component = f->component,
								.certificate = f->certificate,
								.address = f->address,
								.message = f->error });
	}
	for (size_t i = 0; n->plan && i < n->plan->precondition_count; i++)
		if (is_trouble(&n->plan->preconditions[i]) ||
		    (n->exit_status == EXIT_ASKS && waits_for_approval(&n->plan->preconditions[i])))
			problem_of_precondition(n, &n->plan->preconditions[i], to);
}

/* ---- counts ---- */

struct counts {
	size_t changed;
	size_t issued;
	size_t failed;
	size_t rolled_back;
	size_t not_started;
	size_t left_out;
	size_t awaiting;
	size_t waiting;
	int64_t waits_until;
};

static struct counts notification_counts(const struct notification *n)
{
	const struct apply_result *r = n->result;
	struct counts c = { .changed = n->changed, .issued = n->issued };

	if (n->plan) {
		c.awaiting = plan_awaiting(n->plan);
		c.left_out = n->plan->left_out_count - c.awaiting;
	}
	if (r) {
		c.failed = r->failed;
		c.rolled_back = r->rolled_back;
		c.not_started = r->not_started;
	}
	c.waiting = notification_waiting(n, &c.waits_until);
	return c;
}

/* ---- lines for people ---- */

static void lines_add_count(struct buf *out, size_t count, const char *what)
{
	if (count)
		buf_printf(out, "%s%zu %s", out->len ? ", " : "", count, what);
}

static void lines_add_counts(const struct counts *c, struct buf *out)
{
	AUTO(buf) line = { 0 };
	char opens[TIME_TEXT];

	lines_add_count(&line, c->issued, "issued or imported");
	lines_add_count(&line, c->changed,
			c->changed == 1 ? "component changed" : "components changed");
	lines_add_count(&line, c->failed, "failed");
	lines_add_count(&line, c->rolled_back, "rolled back");
	lines_add_count(&line, c->not_started,
			c->not_started == 1 ? "step not started" : "steps not started");
	lines_add_count(&line, c->left_out, "left out");
	lines_add_count(&line, c->awaiting, "waiting for a person");
	lines_add_count(&line, c->waiting, "waiting for a window");
	if (c->waiting)
		buf_printf(&line, " (the next one at %s)", time_format(c->waits_until, opens));
	if (line.len)
		buf_printf(out, "%s\n", buf_text(&line));
}

static void lines_add_problem(const struct notification_problem *p, struct buf *out)
{
	buf_printf(out, "- %s", p->kind ? p->kind : p->code);
	if (p->component || p->certificate)
		buf_printf(out, " %s", p->component ? p->component : p->certificate);
	if (p->address)
		buf_printf(out, " at %s", p->address);
	if (p->message)
		buf_printf(out, ": %s", p->message);
	if (p->remedy)
		buf_printf(out, "; %s", p->remedy);
	buf_putc(out, '\n');
}

static const char *status_meaning(int status)
{
	for (const struct exit_status_row *row = exit_status_rows; row->meaning; row++)
		if ((int)row->status == status)
			return row->run ? row->run : row->meaning;
	return "failed";
}

static void lines_add_reason(const char *what, const char *reason, struct buf *out)
{
	if (!reason)
		return;
	buf_printf(out, "%s: ", what);
	text_escape(out, reason, strlen(reason));
	buf_putc(out, '\n');
}

static void lines_add_head(const struct notification *n, const char *outcome, struct buf *out)
{
	buf_printf(out, "certfleet %s: %s", n->fleet->name, outcome);
	if (n->test) {
		buf_puts(out, ", a test: nothing has happened");
	} else if (n->result) {
		buf_printf(out, ", run %u", n->result->run);
	} else {
		buf_puts(out, ", no run took place");
	}
	buf_puts(out, " (by ");
	text_escape(out, n->who, strlen(n->who));
	if (n->exit_status)
		buf_printf(out, ", exit status %d: %s", n->exit_status,
			   status_meaning(n->exit_status));
	buf_puts(out, ")\n");
}

static const char *notification_lines(const struct notification *n, const char *outcome,
				      const struct notification_problems *problems, struct arena *a)
{
	const struct counts counts = notification_counts(n);
	AUTO(buf) out = { 0 };

	lines_add_head(n, outcome, &out);
	if (n->error) {
		text_escape_whole(&out, n->error, strlen(n->error));
		buf_putc(&out, '\n');
	}
	if (n->stopped)
		buf_puts(&out, "stopped as asked\n");
	if (n->interrupted)
		buf_printf(&out, "run %u before it did not end\n", n->interrupted->number);
	lines_add_reason("applied without approvals", n->reason, &out);
	if (n->plan) {
		lines_add_reason("windows and freezes ignored", n->plan->choices.ignore_windows,
				 &out);
		lines_add_reason("over the limits", n->plan->choices.over_limits, &out);
	}
	lines_add_counts(&counts, &out);
	for (size_t i = 0; i < problems->count; i++)
		lines_add_problem(&problems->list[i], &out);
	if (problems->more)
		buf_printf(&out, "- and %zu more\n", problems->more);
	if (n->next)
		buf_printf(&out, "next: %s\n", n->next);
	return arena_strdup(a, buf_text(&out));
}

/* ---- the summary ---- */

static void put(json_t *json, const char *key, json_t *value)
{
	json_object_set_new(json, key, value);
}

static void put_count(json_t *json, const char *key, size_t count)
{
	put(json, key, json_integer((json_int_t)count));
}

static json_t *counts_json(const struct notification *n)
{
	const struct counts c = notification_counts(n);
	json_t *json = json_object();

	put_count(json, "changed", c.changed);
	put_count(json, "issued", c.issued);
	put_count(json, "failed", c.failed);
	put_count(json, "rolled_back", c.rolled_back);
	put_count(json, "not_started", c.not_started);
	put_count(json, "left_out", c.left_out);
	put_count(json, "awaiting", c.awaiting);
	put_count(json, "waiting", c.waiting);
	return json;
}

static json_t *problems_json(const struct notification_problems *problems)
{
	json_t *list = json_array();

	for (size_t i = 0; i < problems->count; i++) {
		const struct notification_problem *p = &problems->list[i];
		json_t *json = json_object();

		put(json, "code", json_text(p->code));
		put(json, "kind", json_text(p->kind));
		put(json, "component", json_text(p->component));
		put(json, "certificate", json_text(p->certificate));
		put(json, "address", json_text(p->address));
		put(json, "message", json_text(p->message));
		put(json, "remedy", json_text(p->remedy));
		json_array_append_new(list, json);
	}
	return list;
}

static void put_reason(json_t *json, const char *key, const char *reason)
{
	if (reason)
		put(json, key, json_text(reason));
}

static json_t *reasons_json(const struct notification *n)
{
	json_t *json = json_object();

	put_reason(json, "approval_missing", n->reason);
	if (n->plan) {
		put_reason(json, "ignore_windows", n->plan->choices.ignore_windows);
		put_reason(json, "over_limits", n->plan->choices.over_limits);
	}
	return json;
}

static json_t *run_number(unsigned run)
{
	return run ? json_integer(run) : json_null();
}

static json_t *outcomes_json(unsigned outcomes)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < NOTIFY_OUTCOME_COUNT; i++)
		if (outcomes & 1u << i)
			json_array_append_new(list, json_string(notify_outcome_names[i]));
	return list;
}

struct notice notification_notice(const struct notification *n, unsigned outcomes, struct arena *a)
{
	struct notification_problems problems = { .arena = a };
	const char *outcome = outcome_word(outcomes);
	unsigned run = n->result ? n->result->run : 0;
	int64_t waits_until = 0;
	AUTO(json) json = json_object();
	const char *lines = NULL;

	collect_problems(n, &problems);
	lines = notification_lines(n, outcome, &problems, a);
	(void)notification_waiting(n, &waits_until);
	put(json, "format_version", json_string(NOTIFICATION_FORMAT));
	put(json, "fleet", json_text(n->fleet->name));
	put(json, "lineage", json_text(n->lineage));
	put(json, "run", run_number(run));
	put(json, "outcome", json_string(outcome));
	put(json, "outcomes", outcomes_json(outcomes));
	put(json, "test", json_boolean(n->test));
	put(json, "who", json_text(n->who));
	put(json, "started", json_moment(n->started));
	put(json, "ended", json_moment(n->ended));
	put(json, "stopped", json_boolean(n->stopped));
	put(json, "exit_status", json_integer(n->exit_status));
	put(json, "error", json_text(n->error));
	put(json, "interrupted_run", run_number(n->interrupted ? n->interrupted->number : 0));
	put(json, "counts", counts_json(n));
	put(json, "waits_until", waits_until ? json_moment(waits_until) : json_null());
	put(json, "problems", problems_json(&problems));
	put_count(json, "more_problems", problems.more);
	put(json, "reasons", reasons_json(n));
	put(json, "next", json_text(n->next));
	put(json, "text", json_text(lines));
	return (struct notice){ .fleet = n->fleet->name,
				.run = run ? arena_printf(a, "%u", run) : "",
				.outcome = outcome,
				.text = lines,
				.summary = json_to_text(json, a) };
}
