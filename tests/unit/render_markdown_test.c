/* SPDX-License-Identifier: Apache-2.0 */
/* Size and safety of a plan's Markdown; its wording is in tests/plan/markdown-*.case. */
#include <stddef.h>
#include <stdint.h>

#include "plan_fixture.h"
#include "test.h"

enum {
	MANY = 20000,
};

/* What a reader of Markdown sees outside of code spans. */
static void outside(const char *text, struct buf *out)
{
	while (*text) {
		size_t run = strspn(text, "`");
		const char *end = text + run;

		if (!run) {
			buf_putc(out, *text++);
			continue;
		}
		/* the next run of the same length ends the span */
		while (*end && (*end != '`' || strspn(end, "`") != run))
			end += *end == '`' ? strspn(end, "`") : 1;
		assert_true(*end);
		text = end + run;
	}
}

static size_t occurrences(const char *text, const char *word)
{
	size_t count = 0;

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		count++;
	return count;
}

static void assert_whole(const struct buf *text)
{
	AUTO(buf) said = { 0 };

	assert_true(text->len < PLAN_MARKDOWN_LIMIT);
	outside(buf_text(text), &said);
	assert_null(strstr(buf_text(&said), "evil"));
	assert_null(strstr(buf_text(&said), "<img"));
	assert_int_equal(occurrences(buf_text(&said), "<"),
			 3 * occurrences(buf_text(&said), "<details>") +
				 occurrences(buf_text(&said), "</details>"));
	assert_int_equal(occurrences(buf_text(&said), "<details>"),
			 occurrences(buf_text(&said), "</details>"));
	assert_non_null(strstr(buf_text(&said), "\n### Preconditions\n"));
	assert_non_null(strstr(buf_text(&said), "\n### What it reaches out to\n"));
	assert_non_null(strstr(buf_text(&said), "\n### Certificates\n"));
	assert_non_null(strstr(buf_text(&said), "\n### Restarts, by wave\n"));
}

static void markdown(struct world *w, struct buf *text)
{
	AUTO(plan) p = { 0 };
	struct err e = { 0 };

	must(world_plan(w, &p, &e), &e);
	plan_render_markdown(&p, text);
}

TEST(twenty_thousand_components_of_one_certificate_are_a_few_lines)
{
	AUTO(world) w = { 0 };
	AUTO(buf) text = { 0 };

	world_init(&w, MANY);
	markdown(&w, &text);
	assert_whole(&text);
	assert_non_null(strstr(buf_text(&text), "- **waves 1 to 20000 of 20000**: 1 process each"));
	assert_non_null(strstr(buf_text(&text), "`c00000`, `c00001`"));
	assert_non_null(strstr(buf_text(&text), "`tls/c00000`"));
}

/* As long as a name is shown, and of what makes a span the longest. */
static const char *hostile(struct world *w, const char *kind, size_t i)
{
	char ticks[281];

	memset(ticks, '`', sizeof(ticks) - 1);
	ticks[sizeof(ticks) - 1] = '\0';
	return arena_printf(&w->a, "%s%05zu %s<img src=evil>", kind, i, i % 2 ? ticks : "\n# evil");
}

/* Nothing is the same of any two. */
static void make_hostile(struct world *w, size_t i)
{
	struct component *c = &w->components[i];

	w->certificates[i] = w->certificates[0];
	w->certificates[i].name = hostile(w, "web", i);
	w->certificates[i].subject = hostile(w, "CN=", i);
	w->roles[i] = w->roles[0];
	w->roles[i].name = hostile(w, "role", i);
	w->roles[i].rank = (unsigned)i;
	w->roles[i].offline = i % 3 ? OFFLINE_BLOCK : OFFLINE_ACKNOWLEDGE;
	w->roles[i].restart.max_unavailable = 1 + (unsigned)(i % 7);
	c->role = &w->roles[i];
	c->certificate = &w->certificates[i];
	c->name = c->process = w->seen[i].name = hostile(w, "c", i);
	c->deliver.files.directory = hostile(w, "/tls/", i);
	c->activate.pidfile = hostile(w, "/run/", i);
	if (i % 2)
		return;
	w->seen[i].now.online = false;
	w->seen[i].now.installed = w->seen[i].now.served = NULL;
	w->seen[i].now.error = hostile(w, "refused", i);
}

TEST(twenty_thousand_hostile_components_leave_room_for_every_part)
{
	AUTO(world) w = { 0 };
	AUTO(buf) text = { 0 };

	world_init(&w, MANY);

	struct certificate web = w.certificates[0];
	struct role role = w.roles[0];

	w.certificates = arena_array(&w.a, MANY, sizeof(*w.certificates));
	w.certificates[0] = web;
	w.roles = arena_array(&w.a, MANY, sizeof(*w.roles));
	w.roles[0] = role;
	for (size_t i = 0; i < MANY; i++)
		make_hostile(&w, i);
	w.fleet.certificates = w.certificates;
	w.fleet.roles = w.roles;
	w.fleet.certificate_count = w.fleet.role_count = MANY;
	markdown(&w, &text);
	assert_whole(&text);
	assert_non_null(strstr(buf_text(&text), "- **block** `offline`"));
	assert_non_null(strstr(buf_text(&text), "- **issue**"));
	assert_non_null(strstr(buf_text(&text), "- **wave 1 of"));
	assert_non_null(strstr(buf_text(&text), "\n### Left out\n"));
	assert_non_null(strstr(buf_text(&text), "\nShortened to fit a comment"));
}

/* A saved plan is a document of anybody. */
TEST(a_plan_that_lies_in_every_field_stays_in_its_code_spans)
{
	static const char *const items[] = { "evil\n\n# evil", "", "`", " evil ",
					     "\xe2\x80\xae"
					     "evil\xff" };
	static const char *const one[] = { "`\n<img src=evil>" };
	static const struct request_field request[] = { { "`evil", "<img>\n# evil", "evil`" } };
	static const struct precondition preconditions[] = {
		{ .code = "first-contact",
		  .component = "",
		  .message = "evil` <img>",
		  .remedy = "evil",
		  .severity = SEVERITY_INFO,
		  .items = items,
		  .item_count = 5 },
		{ .code = "`evil",
		  .component = "<img>\nevil",
		  .message = "evil\r\n# evil",
		  .remedy = "<img>",
		  .severity = SEVERITY_BLOCK,
		  .items = items,
		  .item_count = 5 },
	};
	static const struct step steps[] = {
		{ .kind = STEP_ISSUE,
		  .certificate = "`evil`",
		  .reason = "evil\n\nevil",
		  .wave = NO_WAVE,
		  .request = request,
		  .request_count = 1 },
		{ .kind = STEP_ACTIVATE,
		  .component = "``evil",
		  .certificate = "evil",
		  .process = "evil",
		  .reason = "<img>`",
		  .activation = ACTIVATION_RESTART },
		{ .kind = STEP_RETIRE, .component = "\nevil", .reason = "evil", .wave = NO_WAVE },
	};
	static const struct wave waves[] = {
		{ .role = "evil\n`", .processes = one, .process_count = 1, .limit = 1 }
	};
	static const struct left_out left_out[] = {
		{ .certificate = "evil", .component = "`evil", .code = "evil\n", .cause = "<img>" }
	};
	const struct plan p = {
		.fleet = "evil\n# evil",
		.lineage = "evil",
		.choices = { .targets = one, .target_count = 1, .from_backup = "evil`" },
		.preconditions = preconditions,
		.precondition_count = 2,
		.steps = steps,
		.step_count = 3,
		.waves = waves,
		.wave_count = 1,
		.left_out = left_out,
		.left_out_count = 1,
	};
	AUTO(buf) text = { 0 };

	plan_render_markdown(&p, &text);
	assert_whole(&text);
	assert_non_null(strstr(buf_text(&text), "`\\xe2\\x80\\xaeevil\\xff`"));
	assert_non_null(strstr(buf_text(&text), "- from the bundle: `` evil` ``"));
	assert_non_null(strstr(buf_text(&text), "  - (none)\n"));
	assert_non_null(strstr(buf_text(&text), "`  evil  `"));
}
