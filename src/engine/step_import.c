/* SPDX-License-Identifier: Apache-2.0 */
/* Import and publish steps: pairs that come in, CA certificates that go out. */
#include "base/clock.h"
#include "base/fs.h"
#include "engine/internal.h"
#include "engine/observe.h"

#include <string.h>

/* What the last observation read from the import's files. */
static bool import_from_files(struct run *r, const struct certificate *c, struct made *made,
			      struct secret *key, struct err *e)
{
	const struct imported *found = NULL;

	if (!observed_import(r->en, c, &found, e))
		return false;
	if (clock_now() > found->pair.facts.not_after)
		return err_set(e, ERR_INPUT,
			       "the imported certificate has expired since the plan was made");
	made->owner = c->name;
	made->generation = generation_of_import(found, c, &r->arena);
	made->generation.number = run_next_number(r, OF_CERTIFICATE, c->name);
	made->set = cert_set_copy(&found->pair.set, &r->arena);
	made->generation.view = client_view_read(r->en, c, &made->set, &r->arena);
	secret_copy(key, found->pair.key.bytes, found->pair.key.len);
	return true;
}

static bool import_one(struct run *r, const struct step *s, struct err *e)
{
	const struct certificate *c = fleet_certificate(r->en->fleet, s->certificate);
	AUTO(change) change = change_new(r->en->state);
	AUTO(secret) key = { 0 };
	struct made made = { 0 };

	if (r->en->source ? !import_from_backup(r, c, &made, &key, e)
			  : !import_from_files(r, c, &made, &key, e))
		return false;
	if (strcmp(made.generation.fingerprint, s->generation) != 0)
		return err_set(e, ERR_STALE,
			       "it changed since the plan was made; it now holds %.12s",
			       made.generation.fingerprint);
	change_generation(change, &made.generation, &made.set);
	if (!change_key(change, made.generation.spki, &key, e) ||
	    !state_commit(r->en->state, change, e))
		return err_in(e, "cannot record the import");
	VEC_PUSH(&r->made, &r->arena, made);
	return true;
}

void step_import(struct run *r, struct step_batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (!import_one(r, batch_step(r, b, i), &b->errors[i]))
			err_in(&b->errors[i], "cannot import '%s'",
			       batch_step(r, b, i)->certificate);
}

static bool publish_one(struct run *r, const struct step *s, struct err *e)
{
	const struct issuer *issuer = fleet_issuer(r->en->fleet, s->certificate);
	const struct generation *g = run_authority(r, issuer->name);
	AUTO(arena) a = { 0 };
	AUTO(buf) pem = { 0 };
	struct generation copy;
	struct cert_set set = { 0 };

	if (!g)
		return err_set(e, ERR_MISSING, "the issuer has no CA certificate yet");
	if (!run_certificates(r, g->fingerprint, &copy, &set, e))
		return false;
	pem_add_certs(&pem, set.certs, set.count);

	const char *directory = fs_dirname(&a, issuer->publish);

	if (!fs_make_dirs(directory, 0755, e))
		return false;
	fs_clear_leftovers(directory, strrchr(issuer->publish, '/') + 1);
	return fs_replace(issuer->publish, pem.data, pem.len, FS_PUBLIC, e);
}

void step_publish(struct run *r, struct step_batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (!publish_one(r, batch_step(r, b, i), &b->errors[i]))
			err_in(&b->errors[i], "cannot publish issuer '%s'",
			       batch_step(r, b, i)->certificate);
}
