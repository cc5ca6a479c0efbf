/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random small fleets in random conditions: what must hold for every plan,
 * and that carrying one out leaves nothing to plan.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "config/schema.h"
#include "model/issue_request.h"
#include "plan/codes.h"
#include "plan_fixture.h"
#include "test.h"

enum {
	ROUNDS = 3000,
	MOST_COMPONENTS = 9,
	CERTIFICATES = 3,
	ROLES = 4,
	MOST_GENERATIONS = 40,
};

AUTO_TYPE(text, char *, free)

static uint64_t seed;

static unsigned dice(unsigned sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % sides;
}

static const char *number_name(struct world *w, const char *prefix, size_t i)
{
	return arena_printf(&w->a, "%s%zu", prefix, i);
}

/* ---- the fleet ---- */

static void random_roles(struct world *w)
{
	struct role *roles = arena_array(&w->a, ROLES, sizeof(*roles));

	for (size_t i = 0; i < ROLES; i++) {
		const struct role **after = arena_array(&w->a, ROLES, sizeof(*after));

		roles[i] = (struct role){
			.name = i ? number_name(w, "r", i) : "",
			.offline = (enum offline_policy)dice(3),
			.restart = { .when = dice(4) == 0 ? RESTART_POSTPONED : RESTART_IMMEDIATE,
				     .max_unavailable = 1 + dice(3),
				     .canary = dice(3) },
			.after = after,
			.rank = (i * 3 + 1) % ROLES, /* a fixed shuffle */
		};
	}
	for (size_t i = 0; i < ROLES; i++)
		for (size_t k = 0; k < ROLES; k++)
			if (dice(3) == 0 && roles[k].rank < roles[i].rank)
				roles[i].after[roles[i].after_count++] = &roles[k];
	w->fleet.roles = w->roles = roles;
	w->fleet.role_count = ROLES;
}

static void random_certificates(struct world *w)
{
	struct certificate *list = arena_array(&w->a, CERTIFICATES, sizeof(*list));

	for (size_t i = 0; i < CERTIFICATES; i++)
		list[i] = (struct certificate){
			.name = number_name(w, "t", i),
			.subject = "CN=t",
			.issuer = w->issuers,
			.validity = 90 * DAY,
			.commit = (enum commit_order)dice(2),
		};
	w->fleet.certificates = w->certificates = list;
	w->fleet.certificate_count = CERTIFICATES;
}

static void random_component(struct world *w, size_t i)
{
	static const char *const command[] = { "reload", "web", NULL };
	struct component *c = &w->components[i];

	c->certificate = &w->certificates[dice(CERTIFICATES)];
	c->role = &w->roles[dice(ROLES)];
	c->verify_count = dice(3) > 0;
	c->activate.kind = (enum activate_kind)dice(3);
	c->activate.argv = command;
	/* Members of a process share its role and its activation. */
	if (i > 0 && dice(3) == 0) {
		c->process = w->components[i - 1].process;
		c->role = w->components[i - 1].role;
		c->activate = w->components[i - 1].activate;
	}
}

/* ---- the snapshot ---- */

static struct generation generation_of(struct world *w, const char *owner, unsigned number)
{
	const char *label = arena_printf(&w->a, "%s/%u", owner, number);

	return (struct generation){
		.of = OF_CERTIFICATE,
		.owner = owner,
		.number = number,
		.fingerprint = world_fingerprint(&w->a, label),
		.chain = "",
		.authority = world_fingerprint(&w->a, "ca/1"),
		.request = "",
		.not_before = WORLD_NOW - 10 * DAY,
		.not_after = WORLD_NOW + 80 * DAY,
		.bundle = "b.zip",
	};
}

static void add_generation(struct world *w, struct generation g)
{
	assert_true(w->snapshot.generation_count < MOST_GENERATIONS);
	w->generations[w->snapshot.generation_count++] = g;
}

static void random_generations(struct world *w)
{
	w->generations = arena_array(&w->a, MOST_GENERATIONS, sizeof(*w->generations));
	w->snapshot.generations = w->generations;
	for (size_t i = 0; i < CERTIFICATES; i++) {
		const struct certificate *c = &w->certificates[i];
		struct generation g = generation_of(w, c->name, 1);

		if (dice(4) == 0)
			continue;
		g.request = certificate_request(c, &w->a);
		if (dice(3) == 0)
			g.request = "subject=CN=old\n";
		if (dice(3) == 0)
			g.not_after = WORLD_NOW + DAY;
		if (dice(3) == 0)
			g.bundle = NULL;
		g.pending = dice(6) == 0;
		add_generation(w, g);
	}
	if (dice(4) > 0) {
		struct generation g = generation_of(w, "ca", 1);

		g.of = OF_ISSUER;
		g.request = issuer_request(w->issuers, &w->a);
		g.not_after = WORLD_NOW + 3000 * (int64_t)DAY;
		add_generation(w, g);
	}
}

static const char *random_fingerprint(struct world *w, const struct component *c)
{
	const struct generation *g =
		snapshot_newest(&w->snapshot, OF_CERTIFICATE, c->certificate->name);

	switch (dice(5)) {
	case 0:
		return NULL;
	case 1:
		return "";
	case 2:
		return world_fingerprint(&w->a, "foreign");
	default:
		return g ? g->fingerprint : "";
	}
}

static void random_seen(struct world *w, size_t i)
{
	const struct component *c = &w->components[i];
	struct component_seen *seen = &w->seen[i];

	seen->now.online = dice(5) > 0;
	seen->now.installed = random_fingerprint(w, c);
	seen->now.served = c->verify_count ? random_fingerprint(w, c) : NULL;
	if (dice(6) == 0)
		seen->now.damage = "key.pem does not match";
	if (dice(6) == 0)
		seen->activation_due = seen->now.installed;
	seen->known = dice(2);
}

static void random_world(struct world *w)
{
	size_t count = 1 + dice(MOST_COMPONENTS);

	world_init(w, count);
	random_roles(w);
	random_certificates(w);
	for (size_t i = 0; i < count; i++)
		random_component(w, i);
	random_generations(w);
	for (size_t i = 0; i < count; i++)
		random_seen(w, i);
	w->choices.restart_postponed = dice(4) == 0;
	w->snapshot.state_exists = true;
}

/* ---- what must hold ---- */

static size_t find_step(const struct plan *p, enum step_kind kind, const char *component)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].kind == kind && p->steps[i].component &&
		    !strcmp(p->steps[i].component, component))
			return i;
	return SIZE_MAX;
}

static bool is_after(const struct plan *p, size_t later, size_t earlier)
{
	if (later == earlier)
		return true;
	for (size_t i = 0; i < p->steps[later].after_count; i++)
		if (is_after(p, p->steps[later].after[i], earlier))
			return true;
	return false;
}

static void check_edges(const struct plan *p)
{
	for (size_t i = 0; i < p->step_count; i++)
		for (size_t k = 0; k < p->steps[i].after_count; k++) {
			assert_true(p->steps[i].after[k] < i);
			if (k > 0)
				assert_true(p->steps[i].after[k - 1] < p->steps[i].after[k]);
		}
}

static void check_backup(const struct plan *p)
{
	size_t backup = SIZE_MAX;

	for (size_t i = 0; i < p->step_count; i++) {
		enum step_kind kind = p->steps[i].kind;

		if (kind == STEP_BACKUP) {
			assert_int_equal(backup, SIZE_MAX);
			backup = i;
		}
		if (kind == STEP_CREATE_ISSUER || kind == STEP_ISSUE)
			assert_int_equal(backup, SIZE_MAX);
		if (kind == STEP_STAGE && !p->steps[i].generation)
			assert_true(is_after(p, i, backup));
	}
	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].kind == STEP_ISSUE)
			assert_true(is_after(p, backup, i));
}

static size_t last_stage(const struct plan *p, const char *certificate)
{
	size_t last = SIZE_MAX;

	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].kind == STEP_STAGE && !strcmp(p->steps[i].certificate, certificate))
			last = i;
	return last;
}

static void check_commits(const struct plan *p)
{
	for (size_t i = 0; i < p->step_count; i++) {
		if (p->steps[i].kind != STEP_COMMIT)
			continue;
		assert_true(is_after(p, i, find_step(p, STEP_STAGE, p->steps[i].component)));
		assert_true(is_after(p, i, last_stage(p, p->steps[i].certificate)));
		for (size_t k = i; k < p->step_count; k++)
			assert_false(p->steps[k].kind == STEP_STAGE &&
				     !strcmp(p->steps[k].certificate, p->steps[i].certificate));
	}
}

static void check_first_commits(const struct world *w, const struct plan *p)
{
	bool activated = false;

	for (size_t i = 0; i < p->step_count; i++) {
		const struct step *s = &p->steps[i];

		activated |= s->kind == STEP_ACTIVATE;
		if (s->kind != STEP_COMMIT)
			continue;

		const struct certificate *c = fleet_certificate(&w->fleet, s->certificate);

		assert_int_equal(s->wave == NO_WAVE, c->commit == COMMIT_ALL_FIRST);
		if (c->commit == COMMIT_ALL_FIRST)
			assert_false(activated);
	}
}

static void check_activations(const struct plan *p)
{
	for (size_t i = 0; i < p->step_count; i++) {
		if (p->steps[i].kind != STEP_ACTIVATE)
			continue;
		for (size_t k = 0; k < p->step_count; k++) {
			const struct step *s = &p->steps[k];

			if (k == i || !s->process || strcmp(s->process, p->steps[i].process) != 0)
				continue;
			assert_true(s->kind != STEP_ACTIVATE);
			if (s->kind == STEP_COMMIT)
				assert_true(is_after(p, i, k));
			if (s->kind == STEP_VERIFY)
				assert_true(is_after(p, k, i));
		}
	}
}

static size_t offline_processes(const struct world *w, const char *role)
{
	size_t count = 0;

	for (size_t i = 0; i < w->fleet.component_count; i++) {
		const struct component *c = &w->components[i];
		bool first = i == 0 || strcmp(w->components[i - 1].process, c->process);
		bool online = false;

		if (!first || strcmp(c->role->name, role) != 0)
			continue;
		for (size_t k = i; k < w->fleet.component_count; k++)
			online |= !strcmp(w->components[k].process, c->process) &&
				  w->seen[k].now.online;
		count += !online;
	}
	return count;
}

static bool has_code(const struct plan *p, const char *code)
{
	for (size_t i = 0; i < p->precondition_count; i++)
		if (!strcmp(p->preconditions[i].code, code))
			return true;
	return false;
}

static bool wave_activates(const struct plan *p, size_t wave)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].wave == (int)wave && p->steps[i].kind == STEP_ACTIVATE)
			return true;
	return false;
}

static bool wave_restarts(const struct plan *p, size_t wave)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].wave == (int)wave && p->steps[i].activation == ACTIVATION_RESTART)
			return true;
	return false;
}

/* Whether a restart of the process takes anything out of service. */
static bool is_in_service(const struct world *w, const char *process)
{
	for (size_t i = 0; i < w->fleet.component_count; i++) {
		const struct component *c = &w->components[i];
		const char *served = w->seen[i].now.served;

		if (strcmp(c->process, process) != 0)
			continue;
		if ((c->verify_count && !(served && *served)) || w->seen[i].activation_due)
			return false;
	}
	return true;
}

static void check_waves(const struct world *w, const struct plan *p)
{
	int wave = NO_WAVE;

	for (size_t i = 0; i < p->wave_count; i++) {
		const struct wave *v = &p->waves[i];
		size_t down = offline_processes(w, v->role) + v->process_count;

		assert_true(v->process_count > 0);
		if (!v->postponed)
			assert_true(v->process_count <= v->limit);
		if (wave_restarts(p, i) && !has_code(p, "no-budget") &&
		    is_in_service(w, v->processes[0]))
			assert_true(down <= v->limit);
		if (v->postponed)
			assert_false(wave_activates(p, i));
	}
	for (size_t i = 0; i < p->step_count; i++) {
		if (p->steps[i].wave == NO_WAVE)
			continue;
		assert_true(p->steps[i].wave >= wave);
		assert_true((size_t)p->steps[i].wave < p->wave_count);
		wave = p->steps[i].wave;
	}
}

static void check_barriers(const struct plan *p)
{
	for (size_t i = 1; i < p->step_count; i++) {
		int wave = p->steps[i].wave;
		size_t last = i;

		if (wave < 1)
			continue;
		while (p->steps[last].wave >= wave)
			last--;
		assert_true(is_after(p, i, last));
	}
}

static void check_roles(const struct world *w, const struct plan *p)
{
	for (size_t i = 0; i < p->wave_count; i++) {
		const struct role *role = fleet_role(&w->fleet, p->waves[i].role);

		for (size_t k = i + 1; k < p->wave_count; k++)
			for (size_t n = 0; n < role->after_count; n++)
				assert_false(!p->waves[i].postponed && !p->waves[k].postponed &&
					     !strcmp(role->after[n]->name, p->waves[k].role));
		if (i > 0 && p->waves[i - 1].postponed)
			assert_true(p->waves[i].postponed);
	}
}

static void check_offline(const struct world *w, const struct plan *p)
{
	for (size_t i = 0; i < p->step_count; i++) {
		const char *name = p->steps[i].component;

		if (name)
			assert_true(snapshot_component(&w->snapshot, name)->now.online);
	}
}

static void check_unchanged(const struct world *w, const struct plan *p)
{
	size_t count = 0;

	for (size_t i = 0; i < w->fleet.component_count; i++) {
		bool found = false; /* with a step, or in need of one */

		for (size_t k = 0; k < p->left_out_count; k++)
			found |= text_equal(p->left_out[k].component, w->components[i].name);
		for (size_t k = 0; k < p->step_count; k++)
			found |= p->steps[k].component &&
				 !strcmp(p->steps[k].component, w->components[i].name);
		count += !found;
	}
	assert_int_equal(p->unchanged, count);
}

/* ---- carrying it out ---- */

static int compare_generations(const void *left, const void *right)
{
	const struct generation *l = left;
	const struct generation *r = right;
	int order = l->of != r->of ? (int)l->of - (int)r->of : strcmp(l->owner, r->owner);

	return order ? order : (int)l->number - (int)r->number;
}

static void carry_out_issue(struct world *w, const struct step *s)
{
	struct generation g = generation_of(w, s->certificate, 2);
	bool issuer = s->kind == STEP_CREATE_ISSUER;

	if (issuer) {
		g.of = OF_ISSUER;
		g.request = issuer_request(w->issuers, &w->a);
		g.not_after = WORLD_NOW + 3000 * (int64_t)DAY;
	} else {
		g.request =
			certificate_request(fleet_certificate(&w->fleet, s->certificate), &w->a);
		g.authority = snapshot_newest(&w->snapshot, OF_ISSUER, "ca")->fingerprint;
	}
	add_generation(w, g);
	qsort(w->generations, w->snapshot.generation_count, sizeof(*w->generations),
	      compare_generations);
}

/* Every member of the process serves what is installed on it. */
static void carry_out_activation(struct world *w, const char *process)
{
	for (size_t i = 0; i < w->fleet.component_count; i++) {
		if (strcmp(w->components[i].process, process) != 0)
			continue;
		w->seen[i].activation_due = NULL;
		if (w->components[i].verify_count && w->seen[i].now.installed)
			w->seen[i].now.served = w->seen[i].now.installed;
	}
}

static void carry_out(struct world *w, const struct step *s)
{
	struct component_seen *seen =
		s->component
			? (struct component_seen *)snapshot_component(&w->snapshot, s->component)
			: NULL;

	switch (s->kind) {
	case STEP_CREATE_ISSUER:
	case STEP_ISSUE:
		carry_out_issue(w, s);
		break;
	case STEP_COPY:
		break;
	case STEP_BACKUP:
		for (size_t i = 0; i < w->snapshot.generation_count; i++)
			w->generations[i].bundle = "b.zip";
		break;
	case STEP_COMMIT:
		if (s->replaces && seen->now.installed)
			assert_string_equal(s->replaces, seen->now.installed);
		seen->now.installed = s->generation ? s->generation
						    : snapshot_newest(&w->snapshot, OF_CERTIFICATE,
								      s->certificate)
							      ->fingerprint;
		seen->now.damage = NULL;
		break;
	case STEP_ACTIVATE:
		carry_out_activation(w, s->process);
		break;
	case STEP_VERIFY: /* what watches its files has noticed by now */
		seen->now.served = seen->now.installed ? seen->now.installed : seen->now.served;
		break;
	case STEP_PUBLISH:
	case STEP_IMPORT:
	case STEP_EXPORT:
	case STEP_STAGE:
	case STEP_REVERT:
	case STEP_ROLLBACK:
	case STEP_RETIRE:
	case STEP_KIND_COUNT:
		break;
	}
}

static void check_idempotent(struct world *w, const struct plan *p)
{
	AUTO(plan) again = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < p->step_count; i++)
		carry_out(w, &p->steps[i]);
	assert_true(world_plan(w, &again, &e));
	if (again.step_count)
		fail_msg("a second plan has %s %s: %s", step_kind_names[again.steps[0].kind],
			 again.steps[0].component ? again.steps[0].component : "",
			 again.steps[0].reason);
}

/* What a run left is not new to the next plan, and no plan forgets it. */
static void check_reach(struct world *w, const struct plan *p)
{
	AUTO(plan) again = { 0 };
	struct err e = { 0 };

	assert_string_equal(p->preconditions[0].code, "first-contact");
	w->snapshot.reached = p->reach;
	w->snapshot.reached_count = p->reach_count;
	assert_true(world_plan(w, &again, &e));
	assert_false(has_code(&again, "first-contact"));
	assert_int_equal(again.reach_count, p->reach_count);
	for (size_t i = 0; i < p->reach_count; i++)
		assert_string_equal(again.reach[i], p->reach[i]);
}

TEST(every_random_plan_keeps_the_rules)
{
	for (unsigned round = 1; round <= ROUNDS; round++) {
		AUTO(world) w = { 0 };
		AUTO(plan) p = { 0 };
		struct err e = { 0 };

		seed = 0x9e3779b97f4a7c15u * round;
		random_world(&w);
		assert_true(world_plan(&w, &p, &e));
		check_edges(&p);
		check_backup(&p);
		check_commits(&p);
		check_first_commits(&w, &p);
		check_activations(&p);
		check_waves(&w, &p);
		check_barriers(&p);
		check_roles(&w, &p);
		check_offline(&w, &p);
		check_unchanged(&w, &p);
		check_reach(&w, &p);
		check_idempotent(&w, &p);
	}
}

TEST(every_random_plan_survives_json)
{
	for (unsigned round = 1; round <= ROUNDS / 10; round++) {
		AUTO(world) w = { 0 };
		AUTO(plan) p = { 0 };
		AUTO(plan) read = { 0 };
		struct err e = { 0 };

		seed = 0x9e3779b97f4a7c15u * round;
		random_world(&w);
		assert_true(world_plan(&w, &p, &e));

		json_t *json = plan_to_json(&p);

		must(plan_from_json(json, &read, &e), &e);
		json_decref(json);

		AUTO(text) before = world_json(&p);
		AUTO(text) after = world_json(&read);

		assert_string_equal(before, after);
	}
}

TEST(a_large_fleet_has_few_edges_for_each_step)
{
	enum {
		COUNT = 20000
	};
	AUTO(world) w = { 0 };
	AUTO(plan) p = { 0 };
	struct err e = { 0 };
	size_t edges = 0;

	world_init(&w, COUNT);
	w.roles[0].restart.max_unavailable = 25;
	w.roles[0].restart.max_unavailable_is_percent = true;
	assert_true(world_plan(&w, &p, &e));
	assert_int_equal(p.step_count, 3 + 4 * COUNT);
	assert_int_equal(p.wave_count, 4);
	for (size_t i = 0; i < p.step_count; i++)
		edges += p.steps[i].after_count;
	assert_true(edges < 3 * p.step_count);
}

TEST(the_fleet_file_acknowledges_every_code_that_asks)
{
	const char *const *name = acknowledge_codes;

	/* what signers have to say, the file that they look at cannot say for them */
	for (enum code i = 0; i < CODE_COUNT; i++)
		if (code_rows[i].severity == SEVERITY_ACKNOWLEDGE && i != CODE_APPROVAL_MISSING)
			assert_string_equal(*name++, code_rows[i].name);
	assert_null(*name);
}
