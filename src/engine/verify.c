/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"
#include "engine/internal.h"
#include "engine/observe.h"
#include "model/client_view.h"
#include "pki/tls_prober.h"

#include <stdio.h>
#include <string.h>

enum {
	DOUBTED_TIMES = 3,
	FIRST_WAIT_MS = 50,
	LONGEST_WAIT_MS = 1000,
	LEAST_HANDSHAKE_MS = 200,
	SPREAD_MS = 300, /* time between the first and the last of several good answers */
};

/* Generation a component has to serve, when it is known. */
struct expected {
	bool known;
	struct generation generation;
	struct cert_set set;
	struct client_view names;
	struct run *builtin; /* any leaf that the state of the run does not know; NULL: no */
};

struct leaf {
	char fingerprint[FINGERPRINT_TEXT]; /* "": none */
	int64_t not_after;
};

/* Port of a component, probed until enough good answers came in a row. */
struct verify_target {
	struct proof *proof;
	const struct verify *port;
	const struct expected *expected;
	struct tls_prober *prober;
	struct tls_probe probe;
	struct arena answers; /* of the last probe */
	unsigned wanted;      /* good answers in a row */
	unsigned row;
	int64_t end_ms;
	struct leaf served; /* last seen; none: no answer */
	struct leaf other;  /* last seen leaf that is not the expected one */
	const char *flaw;   /* of the served chain; static, or NULL */
};

static bool is_open(const struct verify_target *t)
{
	return t->row < t->wanted && !t->proof->error.code;
}

static unsigned handshakes_wanted(enum rigour rigour, const struct verify *port)
{
	switch (rigour) {
	case RIGOUR_ONCE:
		return 1;
	case RIGOUR_DOUBTED:
		return DOUBTED_TIMES * port->consecutive;
	case RIGOUR_FULL:
		break;
	}
	return port->consecutive;
}

static int64_t proof_end_ms(const struct proof *p, int64_t now)
{
	int64_t began = p->began_ms ? p->began_ms : now;

	return p->rigour == RIGOUR_ONCE ? now : began + p->component->role->restart.timeout * 1000;
}

static size_t list_targets(struct run *r, struct proof *proofs, size_t count,
			   struct verify_target *out)
{
	int64_t now = clock_mono_ms();
	struct expected *expected = NULL;
	struct err ignored = { 0 };
	size_t made = 0;

	for (size_t i = 0; i < count; i++) {
		const struct component *c = proofs[i].component;

		/* Consecutive proofs mostly expect the same generation. */
		if (i == 0 || strcmp(proofs[i].expected, proofs[i - 1].expected) != 0) {
			expected = ARENA_NEW(&r->arena, struct expected);
			expected->builtin = !strcmp(proofs[i].expected, BUILTIN_PAIR) ? r : NULL;
			expected->known =
				run_certificates(r, proofs[i].expected, &expected->generation,
						 &expected->set, &ignored);
			if (expected->known)
				generation_view(&expected->generation, &r->arena, &expected->names);
		}
		for (size_t k = 0; k < c->verify_count; k++)
			out[made++] = (struct verify_target){
				.proof = &proofs[i],
				.port = &c->verify[k],
				.expected = expected,
				.wanted = handshakes_wanted(proofs[i].rigour, &c->verify[k]),
				.end_ms = proof_end_ms(&proofs[i], now),
			};
	}
	return made;
}

static void explain(const struct verify_target *t)
{
	struct err *e = &t->proof->error;
	const char *address = t->port->address;

	if (!t->probe.completed)
		err_set(e, ERR_REMOTE, "'%s' does not answer: %s", address, t->probe.error);
	else if (t->flaw)
		err_set(e, ERR_REMOTE, "'%s' %s", address, t->flaw);
	else if (t->row)
		err_set(e, ERR_REMOTE,
			"'%s' serves it, but only %u of %u answers in a row came in time", address,
			t->row, t->wanted);
	else if (t->expected->builtin)
		err_set(e, ERR_REMOTE,
			"'%s' still serves %.12s, which is not the built-in certificate; check what 'revert' of the component does",
			address, t->served.fingerprint);
	else
		err_set(e, ERR_REMOTE, "'%s' still serves %.12s, not %.12s", address,
			t->served.fingerprint, t->proof->expected);
}

static void verify_compare(struct verify_target *t)
{
	const struct expected *x = t->expected;
	const struct tls_probe *p = &t->probe;

	tls_probes_date(&t->probe, 1);

	struct tls_leaf leaf = tls_probe_served(p, t->proof->expected);
	bool is_leaf = p->completed && (x->builtin ? !run_generation(x->builtin, leaf.fingerprint)
						   : !strcmp(leaf.fingerprint, t->proof->expected));

	t->flaw = is_leaf && x->known ? served_flaw(p, &x->generation, &x->set, clock_now()) : NULL;
	t->row = is_leaf && !t->flaw ? t->row + 1 : 0;
	t->served.not_after = leaf.not_after;
	snprintf(t->served.fingerprint, sizeof(t->served.fingerprint), "%s",
		 p->completed ? leaf.fingerprint : "");
	if (p->completed && !is_leaf)
		t->other = t->served;
}

/*
 * A port that alternates between the expected leaf and another counts as
 * serving the other.
 */
static void give_up(struct verify_target *t)
{
	if (t->row && *t->other.fingerprint) {
		t->served = t->other;
		t->row = 0;
	}
	explain(t);
}

/* Wait after a good answer: the good ones in a row are spread. */
static int64_t spread_wait(const struct verify_target *t)
{
	unsigned gaps = t->wanted > 1 ? t->wanted - 1 : 1;

	return (SPREAD_MS + gaps - 1) / gaps;
}

static void verify_broken_off(struct verify_target *t, const struct err *e)
{
	if (!is_open(t))
		return;
	t->proof->error = *e;
	err_in(&t->proof->error, "cannot verify '%s'", t->port->address);
}

/* One handshake ends with the time that is left, but there is always one. */
static int64_t handshake_ms(const struct verify_target *t)
{
	int64_t left = t->end_ms - clock_mono_ms();

	if (t->proof->rigour == RIGOUR_ONCE || left >= TLS_HANDSHAKE_MS)
		return TLS_HANDSHAKE_MS;
	return left < LEAST_HANDSHAKE_MS ? LEAST_HANDSHAKE_MS : left;
}

/* The task of one port: asks until enough good answers came in a row, or time is over. */
static void verify_main(void *ctx)
{
	struct verify_target *t = ctx;
	int64_t wait_ms = FIRST_WAIT_MS; /* after a bad answer */
	struct err e = { 0 };

	if (t->proof->finishes)
		loop_persist(LOOP_FINISHES);
	while (is_open(t)) {
		int64_t now = 0;
		int64_t next = 0;

		arena_release(&t->answers);
		t->answers = (struct arena){ 0 };
		t->probe = tls_probe_of(t->port, t->expected->generation.key, &t->expected->names);
		t->probe.timeout_ms = handshake_ms(t);
		if (!tls_prober_ask(t->prober, &t->probe, &t->answers, &e))
			break;
		verify_compare(t);
		now = clock_mono_ms();
		next = now + (t->row ? spread_wait(t) : wait_ms);
		if (is_open(t) && next >= t->end_ms)
			give_up(t);
		if (!is_open(t))
			break;
		loop_sleep(next);
		if (!t->row)
			wait_ms = wait_ms * 3 / 2 < LONGEST_WAIT_MS ? wait_ms * 3 / 2
								    : LONGEST_WAIT_MS;
	}
	if (e.code)
		verify_broken_off(t, &e);
}

/* Every port is probed on its own: one that stalls holds up none of the others. */
static bool verify_every_port(struct verify_target *targets, size_t count, struct err *e)
{
	AUTO(loop) loop = loop_new(TLS_PROBES_AT_ONCE);
	AUTO(tls_prober) prober = NULL;

	if (!tls_prober_new(loop, &prober, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		targets[i].prober = prober;
		loop_add(loop, NULL, verify_main, &targets[i]);
	}
	loop_run(loop);
	return true;
}

/*
 * Served certificate over all ports of a component: unknown when one did not
 * answer, else the one that is not as expected.
 */
static void sum_up(struct run *r, const struct verify_target *targets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct verify_target *t = &targets[i];
		struct proof *p = t->proof;
		bool first = i == 0 || targets[i - 1].proof != p;

		if (t->flaw)
			p->flaw = t->flaw;
		if (!*t->served.fingerprint)
			p->served = NULL;
		else if (first || (p->served && !strcmp(p->served, p->expected)))
			p->served = arena_strdup(&r->arena, t->served.fingerprint);
		else
			continue;
		p->not_after = p->served ? t->served.not_after : 0;
	}
}

void proof_observe(const struct proof *p, struct observation *seen)
{
	seen->served = p->served;
	seen->served_flaw = p->flaw;
	seen->served_not_after = p->not_after;
	seen->evidence = p->served ? EVIDENCE_HANDSHAKE : EVIDENCE_NONE;
	seen->observed_at = clock_now();
}

void prove_served(struct run *r, struct proof *proofs, size_t count)
{
	size_t total = 0;
	struct err e = { 0 };

	for (size_t i = 0; i < count; i++)
		total += proofs[i].component->verify_count;

	struct verify_target *targets = arena_array(&r->arena, total, sizeof(*targets));

	total = list_targets(r, proofs, count, targets);
	if (!verify_every_port(targets, total, &e))
		for (size_t i = 0; i < total; i++)
			verify_broken_off(&targets[i], &e);
	sum_up(r, targets, total);
	for (size_t i = 0; i < total; i++)
		arena_release(&targets[i].answers);
}

const char *run_refusal(struct run *r, const struct component *c, const char *fingerprint,
			struct arena *a)
{
	const struct generation *g = run_generation(r, fingerprint);
	bool expired = r->en->source &&
		       plan_accepts(r->plan, PLAN_EXPIRED_IN_BACKUP, c->certificate->name);
	const char *refusal = g && !expired ? refusal_by_dates(g, clock_now(), a) : NULL;

	return refusal || !g ? refusal : refusal_by_ports(c, g, a);
}

static void check_acceptable(struct run *r, struct proof *p)
{
	AUTO(arena) a = { 0 };
	const char *refusal = p->error.code ? NULL : run_refusal(r, p->component, p->expected, &a);

	if (refusal)
		err_set(&p->error, ERR_REMOTE, "it is served, but no client accepts it: %s",
			refusal);
}

/* The port proves that it was not handed over, whatever was said: the person is asked again. */
static void disprove_handoff(const struct proof *p, struct component_seen *seen)
{
	if (p->component->deliver.kind != DRIVER_HANDOFF || !p->served || !*p->served ||
	    !strcmp(p->served, p->expected))
		return;
	seen->handed_over = NULL;
	seen->activation_due = NULL;
}

void step_verify(struct run *r, struct step_batch *b)
{
	AUTO(change) change = change_new(r->en->state);
	struct proof *proofs = arena_array(&r->arena, b->count, sizeof(*proofs));

	for (size_t i = 0; i < b->count; i++) {
		const struct step *s = batch_step(r, b, i);

		proofs[i] = (struct proof){ .component = run_component(r, s),
					    .expected = run_fingerprint(r, s),
					    .finishes = run_has_changed(r, s->process) };
		proofs[i].began_ms = r->activated_ms[run_seen(r, s->component) - r->components];
	}
	prove_served(r, proofs, b->count);
	for (size_t i = 0; i < b->count; i++) {
		struct proof *p = &proofs[i];
		struct component_seen *seen = run_seen(r, p->component->name);

		check_acceptable(r, p);
		b->errors[i] = p->error;
		proof_observe(p, &seen->now);
		if (p->error.code) {
			seen->last_error = arena_strdup(&r->arena, p->error.text);
			disprove_handoff(p, seen);
		} else {
			seen->activation_due = NULL;
			if (p->component->certificate->builtin)
				seen->reverted_to = p->served;
			run_accept(r, seen, p->expected);
			r->verified[seen - r->components] = p->expected;
		}
		change_component(change, seen);
	}
	batch_record(r, b, change);
}

/*
 * Leaves those that answered otherwise, to be proven anew.  A stop proves nothing, and
 * disproves nothing.
 */
static size_t keep_doubted(struct proof *proofs, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (proofs[i].error.code && proofs[i].error.code != ERR_STOPPED)
			proofs[kept++] = (struct proof){ .component = proofs[i].component,
							 .expected = proofs[i].expected,
							 .rigour = RIGOUR_DOUBTED };
	return kept;
}

void verify_again(struct run *r)
{
	AUTO(change) change = change_new(r->en->state);
	struct proof *proofs = arena_array(&r->arena, r->component_count, sizeof(*proofs));
	size_t count = 0;
	struct err e = { 0 };

	for (size_t i = 0; i < r->component_count && !stop_requested(); i++)
		if (r->verified[i])
			proofs[count++] = (struct proof){
				.component = fleet_component(r->en->fleet, r->components[i].name),
				.expected = r->verified[i],
				.rigour = RIGOUR_ONCE,
			};
	prove_served(r, proofs, count);
	count = keep_doubted(proofs, count);
	prove_served(r, proofs, count);
	for (size_t i = 0; i < count; i++) {
		struct proof *p = &proofs[i];
		struct component_seen *seen = run_seen(r, p->component->name);

		if (!p->error.code || p->error.code == ERR_STOPPED)
			continue;
		err_in(&p->error, "asked once more before the end of the run");
		proof_observe(p, &seen->now);
		seen->last_error = arena_strdup(&r->arena, p->error.text);
		change_component(change, seen);
		retract_proof(r, p->component, &p->error);
	}
	if (!state_commit(r->en->state, change, &e))
		engine_note(r->en, "warning: cannot record what was seen: %s", e.text);
}
