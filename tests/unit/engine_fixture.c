/* SPDX-License-Identifier: Apache-2.0 */
#include "engine_fixture.h"

int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	snprintf(w->folder, sizeof(w->folder), "/tmp/engine-test-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->file, sizeof(w->file), "%s/certfleet.yaml", w->folder);
	*state = w;
	return 0;
}

int teardown(void **state)
{
	struct world *w = *state;

	folder_remove(w->folder);
	free(w);
	return 0;
}

void write_fleet(const struct world *w, const char *body)
{
	struct err e = { 0 };
	AUTO(buf) text = { 0 };

	if (strncmp(body, "certfleet:", 10) != 0)
		buf_puts(&text, HEAD);
	buf_puts(&text, body);
	assert_true(fs_replace(w->file, text.data, text.len, FS_PRIVATE, &e));
}

static void note_steps(const struct plan *p, struct told *t)
{
	for (size_t i = 0; i < p->step_count; i++) {
		const struct step *s = &p->steps[i];
		size_t used = strlen(t->steps);

		snprintf(t->steps + used, sizeof(t->steps) - used, "%s%s%s%s%s; ",
			 step_kind_names[s->kind], s->certificate ? " " : "",
			 s->certificate ? s->certificate : "", s->component ? " " : "",
			 s->component ? s->component : "");
	}
}

static void note_preconditions(const struct plan *p, struct told *t)
{
	for (size_t i = 0; i < p->precondition_count; i++) {
		const struct precondition *c = &p->preconditions[i];
		size_t used = strlen(t->preconditions);

		snprintf(t->preconditions + used, sizeof(t->preconditions) - used, "%s %s%s%s; ",
			 severity_names[c->severity], c->code, *c->component ? " " : "",
			 c->component);
	}
}

static void work(struct engine *en, const struct fleet *f, struct wish wish, struct told *t)
{
	AUTO(snapshot) s = { 0 };
	AUTO(plan) p = { 0 };
	int64_t at = wish.at ? wish.at : clock_now();
	struct plan_input in = {
		.fleet = f, .snapshot = &s, .at = at, .spec_digest = "", .choices = wish.choices
	};
	struct apply_order order = {
		.plan = &p, .snapshot = &s, .plan_json = "{}", .plan_hash = ""
	};

	t->planned = engine_observe(en, wish.offline, at, &s, &t->error) &&
		     plan_make(&in, &p, &t->error);
	if (!t->planned)
		return;
	note_steps(&p, t);
	note_preconditions(&p, t);
	if (wish.only)
		p.step_count = wish.only;
	if (wish.apply && p.step_count && !engine_apply(en, &order, &t->result, &t->error))
		t->result.exit_status = -1;
}

struct told run_wish(const struct world *w, struct wish wish)
{
	struct told t = { 0 };
	AUTO(fleet) f = { 0 };
	AUTO(diags) d = { 0 };
	AUTO(engine) en = NULL;
	AUTO(buf) text = { 0 };
	struct engine_options o = { .fleet = &f,
				    .apply = wish.apply,
				    .holder = "test",
				    .listen = wish.listen,
				    .listen_ctx = (void *)w };

	setenv("CERTFLEET_TEST", "a passphrase for the tests", 1);
	if (!load_fleet(w->file, subject_canonical, &f, &d, &t.error)) {
		diag_render(&d, &text);
		fail_msg("%s", buf_text(&text));
	}
	if (engine_open(&o, &en, &t.error))
		work(en, &f, wish, &t);
	return t;
}

struct told plan_it(const struct world *w)
{
	return run_wish(w, (struct wish){ 0 });
}

struct told apply_it(const struct world *w)
{
	return run_wish(w, (struct wish){ .apply = true });
}

void assert_applied(struct told t)
{
	if (!t.planned || t.result.exit_status)
		fail_msg("exit %d: %s%s", t.result.exit_status, t.preconditions, t.error.text);
}

bool there(const struct world *w, const char *name)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", w->folder, name);
	return stat(path, &st) == 0;
}

void slurp(const struct world *w, const char *name, char *out, size_t room)
{
	char path[256];
	AUTO(buf) text = { 0 };
	struct err e = { 0 };

	snprintf(path, sizeof(path), "%s/%s", w->folder, name);
	must(fs_read(path, room - 1, &text, &e), &e);
	memcpy(out, buf_text(&text), text.len + 1);
}
