/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan has no step for a component if and only if status says in-sync,
 * over everything that can be seen of one and of its certificate.  Where no
 * step would make a certificate acceptable, the plan tells why it is not.
 */
#include "base/text.h"
#include "model/client_view.h"
#include "plan_fixture.h"
#include "report/status.h"

enum pair_state {
	PAIR_VALID,
	PAIR_ENDED,
	PAIR_TOO_EARLY,
	IMPORT_VALID,
	IMPORT_ENDED,
	IMPORT_OPEN,
	IMPORT_NAMELESS,
	IMPORT_OF_A_CLIENT,
	PAIR_STATES
};

static const char *const pair_words[PAIR_STATES] = {
	"valid",           "ended",          "too early",         "an import",
	"an ended import", "an open import", "a nameless import", "a client's import"
};

struct view {
	enum pair_state pair;
	bool online;
	const char *installed;
	const char *chain;
	const char *damage;
	const char *attr_flaw;
	const char *served;
	const char *flaw;
	const char *due;
	enum evidence evidence;
	bool verified; /* a port can be asked */
};

static const char *const looks[] = { NULL, "", "desired", "other" };
static const char *const chains[] = { NULL, "chain", "other" };

static const char *print_of(struct world *w, const char *look)
{
	return !look || !*look ? look : world_fingerprint(&w->a, look);
}

static void make_pair(struct world *w, enum pair_state state)
{
	static const struct san web = { NAME_DNS, "web" };
	static struct client_view client;
	static struct import_seen import;
	struct generation *g = w->generations;
	struct certificate *c = w->certificates;
	bool imported = state >= IMPORT_VALID;
	bool ended = state == PAIR_ENDED || state == IMPORT_ENDED;

	c->import.kind = imported ? IMPORT_PEM : IMPORT_NONE;
	c->issuer = imported ? NULL : w->issuers;
	g->source = imported ? SOURCE_IMPORTED : SOURCE_ISSUED;
	g->not_before = WORLD_NOW + (state == PAIR_TOO_EARLY ? DAY : -DAY);
	g->not_after = WORLD_NOW + (ended ? -DAY / 2 : 89 * DAY);
	client = (struct client_view){ .names = &web,
				       .name_count = state != IMPORT_NAMELESS,
				       .purpose = state == IMPORT_OF_A_CLIENT ? PURPOSE_CLIENT
									      : PURPOSE_SERVER,
				       .gap = state == IMPORT_OPEN ? "its chain ends" : NULL,
				       .from = g->not_before,
				       .until = g->not_after,
				       .begins = "the leaf",
				       .ends = "the leaf" };
	g->view = imported ? &client : NULL;
	import = (struct import_seen){ .certificate = "web", .found = *g };
	w->snapshot.imports = &import;
	w->snapshot.import_count = imported;
}

static void look_at(struct world *w, const struct view *v)
{
	struct component_seen *seen = w->seen;

	make_pair(w, v->pair);
	w->components[0].verify_count = v->verified;
	*seen = (struct component_seen){
		.name = seen->name,
		.known = true,
		.now.online = v->online,
		.now.installed = print_of(w, v->installed),
		.now.chain = v->chain,
		.now.damage = v->damage,
		.now.attr_flaw = v->attr_flaw,
		.now.served = print_of(w, v->served),
		.now.served_flaw = v->flaw,
		.now.evidence = v->evidence,
		.activation_due = print_of(w, v->due),
		.now.observed_at = WORLD_NOW,
	};
}

struct outcome {
	bool planned;
	bool told; /* that no client would accept the certificate */
};

static struct outcome plan_now(struct world *w)
{
	static const char *const codes[] = { "invalid", "import-invalid", "chain-open" };
	AUTO(plan) p = { 0 };
	struct err e = { 0 };
	struct outcome out = { 0 };

	must(world_plan(w, &p, &e), &e);
	out.planned = p.left_out_count > 0;
	for (size_t i = 0; i < p.step_count; i++)
		out.planned |= text_equal(p.steps[i].component, w->seen->name);
	for (size_t i = 0; i < p.precondition_count; i++)
		for (size_t k = 0; k < sizeof(codes) / sizeof(*codes); k++)
			out.told |= !strcmp(p.preconditions[i].code, codes[k]);
	return out;
}

/* What is issued again is not told; where no port is asked no name is. */
static bool is_refused(const struct view *v)
{
	switch (v->pair) {
	case PAIR_VALID:
	case PAIR_ENDED:
	case IMPORT_VALID:
	case PAIR_STATES:
		return false;
	case PAIR_TOO_EARLY:
	case IMPORT_ENDED:
	case IMPORT_OPEN:
		return true;
	case IMPORT_NAMELESS:
	case IMPORT_OF_A_CLIENT:
		return v->verified;
	}
	return false;
}

static enum component_state state_now(struct world *w)
{
	AUTO(arena) a = { 0 };
	struct status s = { 0 };

	status_make(&w->fleet, &w->snapshot, WORLD_NOW, &a, &s);
	return s.components[0].state;
}

/*
 * Differences that are meant: what was seen of an offline component proves
 * nothing now; where no port can be asked, an installed pair that nobody has
 * proven leaves nothing to do; and so does one in use that no client accepts,
 * when it is not ours to issue, or the clock is wrong.
 */
static bool is_meant(const struct view *v, enum component_state state)
{
	bool installed = text_equal(v->installed, "desired") && !v->attr_flaw;

	if (state == COMPONENT_INVALID)
		return is_refused(v);
	if (v->evidence != EVIDENCE_NONE || state == COMPONENT_IN_SYNC)
		return false;
	if (!v->online)
		return installed || text_equal(v->served, "desired");
	return installed && !v->served && !v->verified;
}

static void compare_views(struct world *w, const struct view *v)
{
	struct outcome plan;
	enum component_state state;

	look_at(w, v);
	plan = plan_now(w);
	state = state_now(w);
	if (plan.told != is_refused(v))
		fail_msg("the plan %s of a certificate that is %s",
			 plan.told ? "tells" : "does not tell", pair_words[v->pair]);
	if (state == COMPONENT_IN_SYNC && (plan.told || v->pair == PAIR_ENDED))
		fail_msg("in-sync, but the certificate is %s", pair_words[v->pair]);
	if (plan.planned == (state != COMPONENT_IN_SYNC) || (!plan.planned && is_meant(v, state)))
		return;
	fail_msg("%s, but %s: %s, installed %s, chain %s, %s, served %s%s, due %s, evidence %s%s",
		 plan.planned ? "a step" : "no step", component_state_names[state],
		 pair_words[v->pair], v->installed ? v->installed : "?", v->chain ? v->chain : "?",
		 v->damage ? "damaged" : "whole", v->served ? v->served : "?",
		 v->flaw ? " flawed" : "", v->due ? v->due : "-", evidence_names[v->evidence],
		 v->online ? "" : ", offline");
}

/* What cannot be seen together. */
static bool is_possible(const struct view *v)
{
	if ((!v->installed || !*v->installed) && (v->chain || v->damage || v->attr_flaw))
		return false;
	if (!v->served)
		return !v->flaw && v->evidence == EVIDENCE_NONE;
	if (!*v->served && v->flaw)
		return false;
	if (v->online && v->evidence == EVIDENCE_NONE)
		return false;
	return v->verified || v->evidence != EVIDENCE_HANDSHAKE;
}

enum {
	INSTALLED = 4,
	CHAINS = 3,
	SERVED = 4,
	FLAGS = 6, /* online, damaged, flawed, due, verified, owner or mode */
	LOOKS = INSTALLED * CHAINS * SERVED * EVIDENCE_COUNT << FLAGS,
	VIEWS = LOOKS * PAIR_STATES
};

/* The digits of `number` choose each of them. */
static struct view view_of(unsigned number)
{
	unsigned flags = number % (1 << FLAGS);
	unsigned rest = number % LOOKS >> FLAGS;

	return (struct view){
		.pair = number / LOOKS,
		.online = flags & 1,
		.damage = flags & 2 ? "damaged" : NULL,
		.flaw = flags & 4 ? "flawed" : NULL,
		.due = flags & 8 ? "desired" : NULL,
		.verified = flags & 16,
		.attr_flaw = flags & 32 ? "'key.pem' has mode 0666, not 0600" : NULL,
		.installed = looks[rest % INSTALLED],
		.chain = chains[rest / INSTALLED % CHAINS],
		.served = looks[rest / INSTALLED / CHAINS % SERVED],
		.evidence = rest / INSTALLED / CHAINS / SERVED,
	};
}

static void make_generations(struct world *w)
{
	const struct generation common = {
		.number = 1,
		.source = SOURCE_ISSUED,
		.spki = "",
		.chain = "chain",
		.serial = "01",
		.subject = "",
		.issuer = "CN=ca",
		.authority = world_fingerprint(&w->a, "ca"),
		.key = "ecdsa-p256",
		.not_before = WORLD_NOW - DAY,
		.not_after = WORLD_NOW + 89 * DAY,
		.bundle = "b.zip",
	};

	w->generations = arena_array(&w->a, 2, sizeof(*w->generations));
	w->generations[0] = w->generations[1] = common;
	w->generations[0].of = OF_CERTIFICATE;
	w->generations[0].owner = "web";
	w->generations[0].fingerprint = world_fingerprint(&w->a, "desired");
	w->generations[0].request = certificate_request(w->certificates, &w->a);
	w->generations[1].of = OF_ISSUER;
	w->generations[1].owner = "ca";
	w->generations[1].fingerprint = world_fingerprint(&w->a, "ca");
	w->generations[1].request = issuer_request(w->issuers, &w->a);
	w->snapshot.generations = w->generations;
	w->snapshot.generation_count = 2;
}

TEST(a_plan_has_no_step_if_and_only_if_status_says_in_sync)
{
	AUTO(world) w = { 0 };
	size_t compared = 0;

	world_init(&w, 1);
	make_generations(&w);
	for (unsigned number = 0; number < VIEWS; number++) {
		const struct view v = view_of(number);

		if (!is_possible(&v))
			continue;
		compare_views(&w, &v);
		compared++;
	}
	assert_true(compared > 500 * PAIR_STATES);
}
