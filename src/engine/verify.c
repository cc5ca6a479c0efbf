/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"
#include "engine/inside.h"
#include "engine/observe.h"
#include "pki/tls.h"

#include <stdio.h>
#include <string.h>

enum {
	FIRST_WAIT_MS = 50,
	LONGEST_WAIT_MS = 1000
};

/* What a component has to serve, where this is known. */
struct expected {
	bool known;
	struct generation generation;
	struct cert_set set;
};

/* One port of one component, on its way to `wanted` good answers in a row. */
struct target {
	struct proof *proof;
	const struct verify *port;
	const struct expected *expected;
	const char *key;
	unsigned row;
	int64_t end_ms;
	char served[FINGERPRINT_TEXT]; /* last seen; "": no answer */
	const char *flaw;              /* of what is served; static, or NULL */
	int64_t not_after;
};

static bool is_open(const struct target *t)
{
	return t->row < t->port->consecutive && !t->proof->error.code;
}

/* Neighbours mostly expect the same. */
static const struct expected *expect(struct run *r, const struct proof *proofs,
				     size_t i, const struct expected *before)
{
	struct err ignored = { 0 };

	if (before && !strcmp(proofs[i].expected, proofs[i - 1].expected))
		return before;

	struct expected *x = ARENA_NEW(&r->arena, struct expected);

	x->known = run_certificates(r, proofs[i].expected, &x->generation,
				    &x->set, &ignored);
	return x;
}

static size_t list_targets(struct run *r, struct proof *proofs, size_t count,
			   struct target *out)
{
	int64_t now = clock_mono_ms();
	const struct expected *expected = NULL;
	size_t made = 0;

	for (size_t i = 0; i < count; i++) {
		const struct component *c = proofs[i].component;
		bool shared = strcmp(c->process, c->name) != 0;

		expected = expect(r, proofs, i, expected);
		for (size_t k = 0; k < c->verify_count; k++)
			out[made++] = (struct target){
				.proof = &proofs[i],
				.port = &c->verify[k],
				.expected = expected,
				.key = shared && expected->known
					       ? expected->generation.key
					       : NULL,
				.end_ms = now + c->role->restart.timeout * 1000,
			};
	}
	return made;
}

static void explain(const struct target *t, const struct tls_probe *p)
{
	struct err *e = &t->proof->error;

	if (!p->completed)
		err_set(e, ERR_REMOTE, "'%s' does not answer: %s",
			t->port->address, p->error);
	else if (t->flaw)
		err_set(e, ERR_REMOTE, "'%s' %s", t->port->address, t->flaw);
	else
		err_set(e, ERR_REMOTE, "'%s' still serves %.12s, not %.12s",
			t->port->address, t->served, t->proof->expected);
}

static void judge(struct target *t, const struct tls_probe *p)
{
	const struct expected *x = t->expected;
	const char *served = p->other ? p->other : p->fingerprint;
	bool is_leaf = p->completed && !p->other &&
		       !strcmp(p->fingerprint, t->proof->expected);

	t->flaw = is_leaf && x->known ? served_flaw(p, &x->generation, &x->set)
				      : NULL;
	t->row = is_leaf && !t->flaw ? t->row + 1 : 0;
	snprintf(t->served, sizeof(t->served), "%s",
		 p->completed ? served : "");
	t->not_after = p->not_after;
	if (!t->row && clock_mono_ms() >= t->end_ms)
		explain(t, p);
}

/* One handshake with every open target; false when none is left. */
static bool ask(struct target *targets, size_t count)
{
	AUTO(arena) a = { 0 };
	struct tls_probe *probes = arena_array(&a, count, sizeof(*probes));
	struct target **asked = arena_array(&a, count, sizeof(*asked));
	size_t open = 0;
	struct err e = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct verify *port = targets[i].port;

		if (!is_open(&targets[i]))
			continue;
		asked[open] = &targets[i];
		probes[open++] =
			(struct tls_probe){ .host = port->host,
					    .port = port->port,
					    .server_name = port->server_name,
					    .starttls = port->starttls,
					    .key = targets[i].key };
	}
	if (!open)
		return false;
	if (!tls_probe_all(probes, open, &a, &e)) {
		for (size_t i = 0; i < open; i++)
			asked[i]->proof->error = e;
		return false;
	}
	for (size_t i = 0; i < open; i++)
		judge(asked[i], &probes[i]);
	return true;
}

static bool all_in_row(const struct target *targets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_open(&targets[i]) && targets[i].row == 0)
			return false;
	return true;
}

/*
 * What all ports of a component serve together: unknown when one did not
 * answer, else the one that is not as expected.
 */
static void sum_up(struct run *r, const struct target *targets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct target *t = &targets[i];
		struct proof *p = t->proof;
		bool first = i == 0 || targets[i - 1].proof != p;

		if (t->flaw)
			p->flaw = t->flaw;
		if (!*t->served)
			p->served = NULL;
		else if (first ||
			 (p->served && !strcmp(p->served, p->expected)))
			p->served = arena_strdup(&r->arena, t->served);
		else
			continue;
		p->not_after = p->served ? t->not_after : 0;
	}
}

void proof_seen(const struct proof *p, struct component_seen *seen)
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
	int64_t wait_ms = FIRST_WAIT_MS;

	for (size_t i = 0; i < count; i++)
		total += proofs[i].component->verify_count;

	struct target *targets =
		arena_array(&r->arena, total, sizeof(*targets));

	total = list_targets(r, proofs, count, targets);
	while (ask(targets, total)) {
		if (stop_requested())
			break;
		if (all_in_row(targets, total))
			continue;
		clock_sleep_ms(wait_ms);
		wait_ms = wait_ms * 3 / 2;
		if (wait_ms > LONGEST_WAIT_MS)
			wait_ms = LONGEST_WAIT_MS;
	}
	for (size_t i = 0; i < total; i++)
		if (is_open(&targets[i]))
			err_set(&targets[i].proof->error, ERR_STOPPED,
				"stopped before '%s' was verified",
				targets[i].port->address);
	sum_up(r, targets, total);
}

void step_verify(struct run *r, struct batch *b)
{
	AUTO(change) change = change_new(r->en->state);
	struct proof *proofs =
		arena_array(&r->arena, b->count, sizeof(*proofs));

	for (size_t i = 0; i < b->count; i++) {
		const struct step *s = batch_step(r, b, i);

		proofs[i] = (struct proof){ .component = run_component(r, s),
					    .expected = run_fingerprint(r, s) };
	}
	prove_served(r, proofs, b->count);
	for (size_t i = 0; i < b->count; i++) {
		const struct proof *p = &proofs[i];
		struct component_seen *seen = run_seen(r, p->component->name);

		b->errors[i] = p->error;
		proof_seen(p, seen);
		if (p->error.code) {
			seen->last_error =
				arena_strdup(&r->arena, p->error.text);
		} else {
			seen->activation_due = NULL;
			run_accept(r, seen, p->expected);
		}
		change_component(change, seen);
	}
	batch_record(r, b, change);
}
