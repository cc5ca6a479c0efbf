/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "engine/internal.h"
#include "engine/observe.h"
#include "model/client_view.h"
#include "pki/foreign.h"

#include <string.h>

enum {
	ANCHOR_FILE_LIMIT = 4 * 1024 * 1024,
};

static void learn_certs(const struct der *certs, size_t count, struct arena *a)
{
	struct foreign *list = arena_array(a, count, sizeof(*list));

	for (size_t i = 0; i < count; i++)
		list[i] = (struct foreign){ FOREIGN_CERT, certs[i].bytes, certs[i].len };
	foreign_learn(list, count);
}

/* ---- the anchor ---- */

struct anchors {
	const struct der *certs;
	const char **subjects; /* NULL: cannot be read */
	size_t count;
	const char *where; /* for messages */
};

static void name_anchors(struct anchors *all, struct arena *a)
{
	learn_certs(all->certs, all->count, a);
	all->subjects = arena_array(a, all->count, sizeof(*all->subjects));
	for (size_t i = 0; i < all->count; i++) {
		struct cert_facts facts = { 0 };
		struct err ignored = { 0 };

		if (foreign_cert(all->certs[i], a, &facts, &ignored))
			all->subjects[i] = facts.subject;
	}
}

/* Read once, however many imports lack their root. */
static const struct anchors *system_anchors(struct engine *en)
{
	struct anchors *all = en->system;

	if (all)
		return all;
	en->system = all = ARENA_NEW(&en->arena, struct anchors);
	all->where = "this machine's trust store";
	system_trust(&en->arena, &all->certs, &all->count);
	name_anchors(all, &en->arena);
	return all;
}

static const struct anchors *file_anchors(struct engine *en, const char *path, struct arena *a,
					  struct err *e)
{
	AUTO(secret) file = { 0 };
	struct anchors *all = ARENA_NEW(a, struct anchors);

	all->where = arena_printf(a, "'%s'", text_escaped(a, path));
	if (!engine_read(en, path, ANCHOR_FILE_LIMIT, &file, e) ||
	    !pem_read_certs((const char *)file.bytes, file.len, a, &all->certs, &all->count, e))
		return NULL;
	name_anchors(all, a);
	return all;
}

/* Where the chain of `set`, whose uppermost certificate says `top`, ends. */
static const char *find_gap(struct engine *en, const struct certificate *c,
			    const struct cert_set *set, const struct cert_facts *top,
			    struct arena *a)
{
	bool own = set->anchor.len || !strcmp(top->subject, top->issuer);
	const struct anchors *anchors = NULL;
	struct err e = { 0 };

	/* a confined plan looks at nothing of this machine */
	if (c->trust.kind == TRUST_NONE || (c->trust.kind == TRUST_OWN && own) ||
	    engine_is_confined(en))
		return NULL;
	anchors = c->trust.kind == TRUST_FILE ? file_anchors(en, c->trust.file, a, &e)
					      : system_anchors(en);
	if (!anchors)
		return arena_printf(a, "its chain cannot be checked: %s", e.text);
	for (size_t i = 0; i < anchors->count; i++) {
		const struct cert_set to = { set->certs, set->count, anchors->certs[i] };

		if (text_equal(anchors->subjects[i], top->issuer) &&
		    foreign_is_complete(set->certs + 1, set->count - 1, &to, 0))
			return NULL;
	}
	return arena_printf(
		a,
		"its chain ends at '%s': the certificate of its issuer '%s' is neither in the import nor in %s",
		top->subject, top->issuer, anchors->where);
}

/* ---- the certificates ---- */

/* Dates of all of them; false: one cannot be read. */
static bool read_dates(const struct cert_set *set, struct arena *a, struct client_view *out,
		       struct cert_facts *leaf, struct cert_facts *top)
{
	for (size_t i = 0; i < set->count; i++) {
		struct err ignored = { 0 };
		const char *name;

		if (!foreign_cert(set->certs[i], a, top, &ignored))
			return false;
		name = arena_printf(a, "the %s '%s'", i ? "chain certificate" : "leaf",
				    top->subject);
		if (!i)
			*leaf = *top;
		if (!i || top->not_before > out->from) {
			out->from = top->not_before;
			out->begins = name;
		}
		if (!i || top->not_after < out->until) {
			out->until = top->not_after;
			out->ends = name;
		}
	}
	return set->count > 0;
}

struct client_view *client_view_read(struct engine *en, const struct certificate *c,
				     const struct cert_set *set, struct arena *a)
{
	struct client_view *out = ARENA_NEW(a, struct client_view);
	struct cert_facts leaf = { 0 };
	struct cert_facts top = { 0 };

	learn_certs(set->certs, set->count, a);
	if (!read_dates(set, a, out, &leaf, &top))
		return NULL;
	out->names = leaf.names;
	out->name_count = leaf.name_count;
	out->purpose = leaf.purpose;
	out->gap = find_gap(en, c, set, &top, a);
	return out;
}

/* ---- all imports ---- */

/* Whether one key signed both leaves, as their authority key ids say. */
static bool same_issuer(const struct cert_set *x, const struct cert_set *y)
{
	AUTO(arena) a = { 0 };
	struct cert_facts left = { 0 };
	struct cert_facts right = { 0 };
	struct err ignored = { 0 };

	return foreign_cert(x->certs[0], &a, &left, &ignored) &&
	       foreign_cert(y->certs[0], &a, &right, &ignored) && left.signer_id &&
	       text_equal(left.signer_id, right.signer_id);
}

static void observe_client_view(struct engine *en, const struct certificate *c, struct snapshot *s)
{
	struct import_seen *seen = (struct import_seen *)snapshot_import(s, c->name);
	struct generation *known = (struct generation *)snapshot_last_import(s, c->name);
	const struct imported *imported = NULL;
	struct cert_set before = { 0 };
	struct err ignored = { 0 };
	struct client_view *view = NULL;

	if (known && observed_certificates(en, s, known, &s->arena, &before))
		known->view = client_view_read(en, c, &before, &s->arena);
	if (!seen || !import_is_known(seen))
		return;
	if (observed_import(en, c, &imported, &ignored))
		seen->found.view = view = client_view_read(en, c, &imported->pair.set, &s->arena);
	else if (known && text_equal(known->fingerprint, seen->found.fingerprint))
		seen->found.view = known->view;
	if (view && before.count)
		view->issuer_known = same_issuer(&imported->pair.set, &before);
}

void observe_client_views(struct engine *en, struct snapshot *s)
{
	for (size_t i = 0; i < en->fleet->certificate_count; i++)
		if (en->fleet->certificates[i].import.kind != IMPORT_NONE)
			observe_client_view(en, &en->fleet->certificates[i], s);
}
