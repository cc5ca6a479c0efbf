/* SPDX-License-Identifier: Apache-2.0 */
/* Check of a state: its records, its certificates, and its keys once they can be opened. */
#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"
#include "engine/backup.h"
#include "engine/internal.h"
#include "engine/pairs.h"
#include "pki/foreign.h"

#include <string.h>

static bool check_state_fail(const struct generation *g, const char *what, struct err *e)
{
	AUTO(arena) a = { 0 };

	return err_set(e, ERR_IO, "%s of generation %u of '%s' %s; " STATE_REMEDY,
		       g->of == OF_ISSUER ? "the CA" : "the certificate", g->number,
		       text_escaped(&a, g->owner), what);
}

/* The leaf is the recorded one, and was made for the recorded key. */
static bool check_leaf(struct engine *en, const struct generation *g, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct cert_set set = { 0 };
	struct cert_facts facts = { 0 };

	if (g->pending)
		return true;
	if (!stored_certificates(en->state, g, &a, &set, e))
		return false;
	if (!foreign_cert(set.certs[0], &a, &facts, e))
		return err_in(e, "the certificate of '%s'", text_escaped(&a, g->owner));
	return !strcmp(facts.spki, g->spki) ||
	       check_state_fail(g, "was made for another key than the one recorded", e);
}

/* Issuers are the last ones of the list. */
static bool check_authority(const struct generation *list, size_t count, const struct generation *g,
			    struct err *e)
{
	if (!*g->authority || g->not_after <= clock_now())
		return true;
	for (size_t i = count; i-- > 0 && list[i].of == OF_ISSUER;)
		if (!strcmp(list[i].fingerprint, g->authority))
			return true;
	return check_state_fail(g, "was signed by an authority that is missing", e);
}

static bool check_key(struct engine *en, const struct generation *g, struct err *e)
{
	AUTO(secret) key = { 0 };
	char spki[FINGERPRINT_TEXT] = "";

	if (!stored_key(en->state, g, &key, e) || !key_spki(&key, spki, e)) {
		err_remedy(e, STATE_REMEDY);
		return err_in(e, "the key of generation %u of '%s'", g->number, g->owner);
	}
	return !strcmp(spki, g->spki) || check_state_fail(g, "has the key of another", e);
}

/* A flaw of a record that is not there was reported by state_check_all(). */
static void check_pairs(struct engine *en, const struct generation *list, size_t count,
			struct state_report *out)
{
	for (size_t i = 0; i < count && !stop_requested(); i++) {
		struct err leaf = { 0 };
		struct err key = { 0 };

		if (!(check_leaf(en, &list[i], &leaf) &&
		      check_authority(list, count, &list[i], &leaf)) &&
		    leaf.code != ERR_MISSING)
			flaw_add(&out->flaws, &leaf);
		if (out->unopened)
			continue;
		if (check_key(en, &list[i], &key))
			out->keys++;
		else if (key.code != ERR_MISSING)
			flaw_add(&out->flaws, &key);
	}
}

/* Decodes all leaves in a few batches instead of one by one. */
static void learn_leaves(struct engine *en, const struct generation *list, size_t count)
{
	AUTO(arena) a = { 0 };
	struct foreign *leaves = arena_array(&a, count, sizeof(*leaves));
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		struct cert_set set = { 0 };
		struct err ignored = { 0 };

		if (state_certificates(en->state, &list[i], &a, &set, &ignored) && set.count)
			leaves[found++] = (struct foreign){ FOREIGN_CERT, set.certs[0].bytes,
							    set.certs[0].len };
	}
	foreign_learn(leaves, found);
}

static bool unseal_with(struct engine *en, const struct secret_ref *passphrase, struct err *e)
{
	struct seal_secret from = { 0 };

	if (passphrase->kind == SECRET_NONE)
		return engine_unseal(en, e);
	return engine_secret(en, passphrase, &from.secret, e) && state_unseal(en->state, &from, e);
}

bool engine_check_state(struct engine *en, const struct secret_ref *passphrase, struct arena *a,
			struct state_report *out, struct err *e)
{
	const struct generation *list = NULL;
	size_t count = 0;
	struct err why = { 0 };

	*out = (struct state_report){ .flaws = { .arena = a } };
	if (!state_check_all(en->state, &out->flaws, e))
		return false;
	if (!unseal_with(en, passphrase, &why))
		out->unopened = arena_strdup(a, why.text);
	/* a generation that cannot be read has been reported */
	if (state_generations(en->state, a, &list, &count, &why)) {
		learn_leaves(en, list, count);
		check_pairs(en, list, count, out);
	} else if (!out->unopened) {
		out->unopened = "a generation cannot be read";
	}
	return !stop_requested() || err_set(e, ERR_STOPPED, "stopped");
}
