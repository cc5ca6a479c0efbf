/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Create-issuer and issue steps: first all keys of the batch become durable,
 * then the certificates are made for them.  An interrupted run leaves
 * generations that have a key and no leaf yet; the next run finishes them with
 * the same key.
 */
#include "base/clock.h"
#include "base/parallel.h"
#include "base/stop.h"
#include "base/text.h"
#include "engine/backup.h"
#include "engine/internal.h"
#include "model/issue_request.h"
#include "pki/issue.h"

#include <string.h>

/* Generation being issued. */
struct issue_item {
	enum generation_of of;
	const char *owner;
	const struct certificate *certificate; /* OF_CERTIFICATE */
	const struct issuer *issuer;           /* OF_ISSUER */
	enum key_type type;
	struct generation generation;
	struct secret key;
	char spki[FINGERPRINT_TEXT]; /* of the key */
	struct pair pair;
};

struct issue_signer {
	const char *issuer;
	const char *fingerprint;
	struct authority *authority;
};

struct issue_batch {
	struct run *r;
	struct step_batch *b;
	struct issue_item *list;
	VEC(struct issue_signer) signers; /* of this batch, each opened once */
};

static void issue_batch_release(struct issue_batch *w)
{
	for (size_t i = 0; i < w->b->count; i++) {
		secret_release(&w->list[i].key);
		pair_release(&w->list[i].pair);
	}
	vec_each (signer, &w->signers) {
		authority_close(signer->authority);
	}
}
AUTO_STRUCT(issue_batch, struct issue_batch, issue_batch_release)

/* Whether --reissue names the owner, or the `per: component` certificate it belongs to. */
static bool issue_is_forced(const struct run *r, const struct issue_item *m)
{
	const struct choices *choices = &r->plan->choices;

	for (size_t i = 0; i < choices->reissue_count; i++) {
		size_t len = strlen(choices->reissue[i]);

		if (!strncmp(m->owner, choices->reissue[i], len) &&
		    (m->owner[len] == '\0' || m->owner[len] == '/'))
			return true;
	}
	return false;
}

/* Generation whose key is reused; NULL: a new key. */
static const struct generation *key_to_reuse(const struct run *r, const struct issue_item *m)
{
	const struct snapshot *s = r->order->snapshot;
	const struct generation *newest = snapshot_newest(s, m->of, m->owner);

	if (issue_is_forced(r, m))
		return NULL;
	if (m->of == OF_ISSUER || m->certificate->rotation != ROTATE_REUSE || !newest ||
	    strcmp(newest->key, key_type_names[m->type]) != 0)
		return NULL;
	return newest;
}

/* Continues a pending generation that has its key already, or begins one. */
static bool step_issue_start(struct run *r, struct issue_item *m, struct err *e)
{
	const struct generation *pending = snapshot_pending(r->order->snapshot, m->of, m->owner);
	const struct generation *reuse = key_to_reuse(r, m);
	const char *request = m->of == OF_ISSUER ? issuer_request(m->issuer, &r->arena)
						 : certificate_request(m->certificate, &r->arena);

	if (pending && !strcmp(pending->request, request)) {
		m->generation = *pending;
		return state_key(r->en->state, pending->spki, &m->key, e);
	}
	m->generation = (struct generation){
		.of = m->of,
		.owner = m->owner,
		.number = pending ? pending->number : run_next_number(r, m->of, m->owner),
		.pending = true,
		.source = SOURCE_ISSUED,
		.reissued = m->of == OF_CERTIFICATE && issue_is_forced(r, m),
		.fingerprint = "",
		.spki = "",
		.key = key_type_names[m->type],
		.request = request,
		.chain = "",
		.serial = "",
		.subject = "",
		.issuer = "",
		.authority = "",
	};
	return !reuse || state_key(r->en->state, reuse->spki, &m->key, e);
}

/* Runs in parallel: RSA keys take seconds. */
static void step_issue_make_key(void *ctx, size_t i)
{
	struct issue_batch *w = ctx;
	struct issue_item *m = &w->list[i];
	struct err *e = &w->b->errors[i];

	if (e->code)
		return;
	if (stop_requested())
		err_set(e, ERR_STOPPED, "stopped");
	else if (m->key.len || key_generate(m->type, &m->key, e))
		(void)!key_spki(&m->key, m->spki, e);
}

static void make_keys(struct issue_batch *w)
{
	struct run *r = w->r;
	AUTO(change) change = change_new(r->en->state);
	struct err e = { 0 };

	for (size_t i = 0; i < w->b->count; i++)
		(void)!step_issue_start(r, &w->list[i], &w->b->errors[i]);
	parallel_run(step_issue_make_key, w, w->b->count, PARALLEL_COMPUTE);
	for (size_t i = 0; i < w->b->count; i++) {
		struct issue_item *m = &w->list[i];

		if (w->b->errors[i].code)
			continue;
		m->generation.spki = m->spki;
		if (change_key(change, m->spki, &m->key, &w->b->errors[i]))
			change_generation(change, &m->generation, NULL);
	}
	if (!state_commit(r->en->state, change, &e)) {
		err_in(&e, "cannot keep the new keys");
		batch_fail(w->b, &e);
	}
}

static struct issue_signer *step_issue_find_signer(struct issue_batch *w, const char *issuer)
{
	vec_each (signer, &w->signers) {
		if (!strcmp(signer->issuer, issuer))
			return signer;
	}
	return NULL;
}

static bool open_signer(struct issue_batch *w, const char *issuer, struct err *e)
{
	struct run *r = w->r;
	const struct generation *g = run_authority(r, issuer);
	struct issue_signer signer = { .issuer = issuer };
	struct generation copy;
	struct cert_set set = { 0 };
	AUTO(secret) key = { 0 };

	if (step_issue_find_signer(w, issuer))
		return true;
	if (!g)
		return err_set(e, ERR_MISSING, "the issuer has no CA certificate yet");
	if (!run_certificates(r, g->fingerprint, &copy, &set, e) ||
	    !state_key(r->en->state, g->spki, &key, e) ||
	    !authority_open(&key, &set, &signer.authority, e))
		return false;
	signer.fingerprint = g->fingerprint;
	VEC_PUSH(&w->signers, &r->arena, signer);
	return true;
}

/* Issuer that signs; NULL: self-signed. */
static const struct issuer *signed_by(const struct issue_item *m)
{
	if (m->of == OF_ISSUER || m->certificate->issuer->kind == ISSUER_SELF)
		return NULL;
	return m->certificate->issuer;
}

/* Runs in parallel: one authority may sign several at a time. */
static void step_issue_sign(void *ctx, size_t i)
{
	struct issue_batch *w = ctx;
	struct issue_item *m = &w->list[i];
	struct err *e = &w->b->errors[i];
	const struct issuer *by = signed_by(m);
	const struct issue_signer *signer = by ? step_issue_find_signer(w, by->name) : NULL;

	if (e->code)
		return;
	if (signer)
		m->generation.authority = signer->fingerprint;
	if (m->of == OF_ISSUER)
		(void)!issue_authority(m->issuer, &m->key, clock_now(), &m->pair, e);
	else
		(void)!issue_leaf(m->certificate, &m->key, signer ? signer->authority : NULL,
				  clock_now(), &m->pair, e);
}

/* The state could not take what was issued: a bundle keeps it. */
static void leave_recovery(struct issue_batch *w, size_t before)
{
	struct run *r = w->r;
	struct backup_pair *pairs = arena_array(&r->arena, w->b->count, sizeof(*pairs));
	size_t count = 0;
	struct err e = { 0 };

	for (size_t i = 0; i < w->b->count; i++) {
		const struct made *made = NULL;

		if (w->b->errors[i].code)
			continue;
		made = &r->made.items[before + count];
		pairs[count++] =
			(struct backup_pair){ &made->generation, &made->set, &w->list[i].key };
	}
	if (count && !backup_recover(r->en, pairs, count, &r->en->arena, &r->result.recovery, &e))
		engine_note(r->en, "warning: cannot leave a recovery bundle: %s", e.text);
}

static void make_certificates(struct issue_batch *w)
{
	struct run *r = w->r;
	AUTO(change) change = change_new(r->en->state);
	struct err e = { 0 };
	size_t before = r->made.count;

	for (size_t i = 0; i < w->b->count; i++) {
		const struct issuer *by = signed_by(&w->list[i]);
		struct err *failure = &w->b->errors[i];

		if (by && !failure->code && !open_signer(w, by->name, failure))
			err_in(failure, "cannot sign with issuer '%s'", by->name);
	}
	parallel_run(step_issue_sign, w, w->b->count, PARALLEL_COMPUTE);
	for (size_t i = 0; i < w->b->count; i++) {
		struct issue_item *m = &w->list[i];
		struct made made = { .owner = m->owner };

		if (w->b->errors[i].code)
			continue;
		made.generation = generation_of_pair(&m->pair, &r->arena);
		made.generation.of = m->of;
		made.generation.owner = m->owner;
		made.generation.number = m->generation.number;
		made.generation.source = SOURCE_ISSUED;
		made.generation.request = m->generation.request;
		made.generation.reissued = m->generation.reissued;
		made.generation.authority = m->generation.authority;
		made.set = cert_set_copy(&m->pair.set, &r->arena);
		change_generation(change, &made.generation, &made.set);
		VEC_PUSH(&r->made, &r->arena, made);
	}
	if (!state_commit(r->en->state, change, &e)) {
		leave_recovery(w, before);
		r->made.count = before;
		err_in(&e, "cannot keep the new certificates");
		batch_fail(w->b, &e);
	}
}

static void make_all(struct run *r, struct step_batch *b, enum generation_of of)
{
	AUTO(issue_batch)
	w = { .r = r, .b = b, .list = arena_array(&r->arena, b->count, sizeof(*w.list)) };

	for (size_t i = 0; i < b->count; i++) {
		const char *owner = batch_step(r, b, i)->certificate;
		struct issue_item *m = &w.list[i];

		m->of = of;
		m->owner = owner;
		m->certificate = fleet_certificate(r->en->fleet, owner);
		m->issuer = fleet_issuer(r->en->fleet, owner);
		m->type = of == OF_ISSUER ? m->issuer->key : m->certificate->key;
	}
	make_keys(&w);
	make_certificates(&w);
}

void step_create_issuer(struct run *r, struct step_batch *b)
{
	make_all(r, b, OF_ISSUER);
}

void step_issue(struct run *r, struct step_batch *b)
{
	make_all(r, b, OF_CERTIFICATE);
}
