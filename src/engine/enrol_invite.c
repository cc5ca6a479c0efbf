/* SPDX-License-Identifier: Apache-2.0 */
/* Invites for agents: the state keeps only the hash of the token. */
#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "crypto/token.h"
#include "engine/agents_ca.h"
#include "engine/enrol_internal.h"
#include "state/enrolment_records.h"

#include <string.h>

enum {
	ID_BYTES = 4,
};

void invited_release(struct invited *i)
{
	secret_release(&i->token);
}

bool enrol_authority(struct engine *en, const char *issuer, struct arena *a, struct generation *out,
		     struct err *e)
{
	const struct generation *all = NULL;
	size_t count = 0;

	if (!state_generations(en->state, a, &all, &count, e))
		return false;
	while (count-- > 0) {
		const struct generation *g = &all[count];

		if (g->of != OF_ISSUER || g->pending || strcmp(g->owner, issuer) != 0)
			continue;
		*out = *g;
		return true;
	}
	return err_set(e, ERR_MISSING,
		       "issuer '%s' has no authority yet; 'certfleet apply' makes it", issuer);
}

/* ---- issuer ---- */

static bool find_named(const struct fleet *f, const char *name, const struct issuer **out,
		       struct err *e)
{
	AUTO(arena) a = { 0 };

	*out = fleet_issuer(f, name);
	if (!*out)
		return err_set(e, ERR_INPUT, "there is no issuer '%s'", text_escaped(&a, name));
	return (*out)->use == USE_AGENTS ||
	       err_set(e, ERR_INPUT,
		       "issuer '%s' does not say 'use: agents', so no agent is signed by it", name);
}

static bool enrol_invite_find_issuer(const struct fleet *f, const char *name,
				     const struct issuer **out, struct err *e)
{
	*out = NULL;
	if (name)
		return find_named(f, name, out, e);
	for (size_t i = 0; i < f->issuer_count; i++) {
		const struct issuer *issuer = &f->issuers[i];

		if (issuer->use != USE_AGENTS)
			continue;
		if (*out)
			return err_set(e, ERR_INPUT,
				       "'%s' and '%s' both sign agents; name one with --issuer",
				       (*out)->name, issuer->name);
		*out = issuer;
	}
	return *out ||
	       err_set(e, ERR_INPUT,
		       "no issuer signs agents; add one to the fleet file: agents-ca: {subject: \"CN=Agents CA\", use: agents, publish: access/agents-ca.pem}");
}

/* ---- the invite ---- */

/* Expired and used-up invites are removed when a new one is made. */
static bool enrol_invite_forget_ended(struct engine *en, struct change *change, int64_t now,
				      struct err *e)
{
	AUTO(arena) a = { 0 };
	const struct invite *all = NULL;
	size_t count = 0;

	if (!state_invites(en->state, &a, &all, &count, e))
		return false;
	for (size_t i = 0; i < count; i++)
		if (all[i].expires <= now || all[i].failures >= INVITE_FAILURES)
			change_forget_invite(change, all[i].id);
	return true;
}

bool enrol_invite(struct engine *en, const struct invitation *how, struct arena *a,
		  struct invited *out, struct err *e)
{
	AUTO(change) change = change_new(en->state);
	AUTO(invited) made = { 0 };
	const struct issuer *issuer = NULL;
	struct generation authority = { 0 };
	unsigned char bytes[ID_BYTES];
	char id[2 * ID_BYTES + 1];
	char digest[SHA256_TEXT];
	int64_t now = clock_now();

	if (!enrol_invite_find_issuer(en->fleet, how->issuer, &issuer, e) ||
	    !enrol_authority(en, issuer->name, a, &authority, e) ||
	    !agents_ca_fits(en, &authority, e) || !enrol_invite_forget_ended(en, change, now, e))
		return false;
	random_bytes(bytes, sizeof(bytes));
	text_hex(bytes, sizeof(bytes), id);
	token_make(&made.token);
	token_digest(&made.token, digest);
	made.invite = (struct invite){
		.id = arena_strdup(a, id),
		.agent = how->agent,
		.issuer = issuer->name,
		.token = arena_strdup(a, digest),
		.names = how->names,
		.name_count = how->name_count,
		.validity = how->validity,
		.expires = now + how->life,
	};
	change_invite(change, &made.invite);
	if (!state_commit(en->state, change, e))
		return err_in(e, "cannot keep the invite");
	*out = TAKE(made);
	return true;
}
