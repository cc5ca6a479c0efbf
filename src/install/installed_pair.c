/* SPDX-License-Identifier: Apache-2.0 */
#include "install/installed_pair.h"

#include "base/alloc.h"
#include "base/text.h"
#include "pki/foreign.h"
#include "pki/pair.h"

#include <stdlib.h>
#include <string.h>

/* A list of certificates found in one file. */
struct pair_reading {
	const struct der *certs;
	size_t count;
};

static bool installed_read_certs(const struct pair_file *p, struct arena *a,
				 struct pair_reading *out, struct err *e)
{
	*out = (struct pair_reading){ 0 };
	if (p->error)
		return err_set(e, ERR_IO, "%s", p->error);
	if (!p->bytes.len)
		return true;
	return pem_read_certs((const char *)p->bytes.bytes, p->bytes.len, a, &out->certs,
			      &out->count, e);
}

static bool same_certs(struct pair_reading a, const struct der *certs, size_t count)
{
	if (a.count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (a.certs[i].len != certs[i].len ||
		    memcmp(a.certs[i].bytes, certs[i].bytes, certs[i].len))
			return false;
	return true;
}

void installed_pair_observe(const struct installed_pair *v, struct observation *out)
{
	out->installed = v->fingerprint;
	out->chain = v->chain;
	out->leaf = v->fingerprint && v->count ? v->certs[0] : (struct der){ 0 };
	out->damage = v->damage;
	out->error = v->error;
}

static const char *certs_damage(const struct pair_status *j, enum file_kind part,
				const struct installed_pair *v, struct arena *a)
{
	const struct pair_file *p = &j->pieces->parts[part];
	bool is_leaf = part == FILE_KIND_LEAF;
	bool is_chain = part == FILE_KIND_CHAIN;
	struct pair_reading here = { 0 };
	struct err e = { 0 };

	if (!p->there)
		return arena_printf(a, "'%s' is missing", j->names[part]);
	if (!installed_read_certs(p, a, &here, &e))
		return arena_printf(a, "'%s': %s", j->names[part], e.text);
	if (same_certs(here, v->certs + is_chain, is_leaf ? 1 : v->count - is_chain))
		return NULL;
	return arena_printf(a, "'%s' does not agree with the certificate", j->names[part]);
}

static const char *key_damage(const struct pair_status *j, enum file_kind part,
			      const struct installed_pair *v, struct arena *a)
{
	const struct pair_file *p = &j->pieces->parts[part];
	char spki[65] = "";
	struct err e = { 0 };

	if (!p->there)
		return arena_printf(a, "'%s' is missing", j->names[part]);
	if (p->error)
		return NULL;
	if (!foreign_key_spki(p->bytes.bytes, p->bytes.len, spki, &e))
		return arena_printf(a, "'%s': %s", j->names[part], e.text);
	if (!strcmp(spki, v->spki))
		return NULL;
	return arena_printf(a, "the key in '%s' does not match the certificate", j->names[part]);
}

static const char *part_damage(const struct pair_status *j, enum file_kind part,
			       const struct installed_pair *v, struct arena *a)
{
	const char *damage = NULL;

	switch (part) {
	case FILE_KIND_LEAF:
	case FILE_KIND_CHAIN:
	case FILE_KIND_FULLCHAIN:
		return certs_damage(j, part, v, a);
	case FILE_KIND_KEY:
		return key_damage(j, part, v, a);
	case FILE_KIND_COMBINED:
		if (!j->pieces->parts[part].error)
			damage = certs_damage(j, part, v, a);
		return damage ? damage : key_damage(j, part, v, a);
	case FILE_KIND_CA:
	case FILE_KIND_COUNT:
		break;
	}
	return NULL;
}

/* The file that says most about what is served. */
static bool find_primary(const struct pair_status *j, enum file_kind *out)
{
	static const enum file_kind order[] = { FILE_KIND_FULLCHAIN, FILE_KIND_COMBINED,
						FILE_KIND_LEAF };

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		if (!(j->parts & 1U << order[i]) || !j->pieces->parts[order[i]].there)
			continue;
		*out = order[i];
		return true;
	}
	return false;
}

void prospects_release(struct prospects *p)
{
	free(p->items);
	*p = (struct prospects){ 0 };
}

static void add_prospect(struct prospects *p, enum foreign_kind kind, const void *bytes, size_t len)
{
	if (p->count == p->room) {
		p->room = 2 * p->room + 8;
		p->items = xrealloc(p->items, p->room * sizeof(*p->items));
	}
	p->items[p->count++] = (struct foreign){ kind, bytes, len };
}

/* The leaf, and the keys beside it. */
static void list_prospects(const struct pair_status *j, struct der leaf, struct prospects *out)
{
	add_prospect(out, FOREIGN_CERT, leaf.bytes, leaf.len);
	for (int part = 0; part < FILE_KIND_COUNT; part++) {
		const struct pair_file *p = &j->pieces->parts[part];

		if (j->parts & PARTS_WITH_KEY & 1U << part && p->there)
			add_prospect(out, FOREIGN_KEY, p->bytes.bytes, p->bytes.len);
	}
}

/* Leaf and keys cost one decoding, none when they are known. */
static void decode_together(const struct pair_status *j, struct der leaf)
{
	AUTO(prospects) all = { 0 };

	list_prospects(j, leaf, &all);
	foreign_learn(all.items, all.count);
}

/* The leaf, and the chain from the same file or from its own. */
static bool read_leaf(const struct pair_status *j, enum file_kind primary, struct arena *a,
		      struct installed_pair *v)
{
	struct pair_reading all = { 0 };
	struct cert_facts facts = { 0 };
	struct err e = { 0 };

	if (installed_read_certs(&j->pieces->parts[primary], a, &all, &e) && !all.count)
		err_set(&e, ERR_INPUT, "it holds no certificate");
	if (!e.code)
		decode_together(j, all.certs[0]);
	if (!e.code && foreign_cert(all.certs[0], a, &facts, &e)) {
		v->fingerprint = facts.fingerprint;
		v->spki = facts.spki;
		v->certs = all.certs;
		v->count = all.count;
		return true;
	}
	v->error = arena_printf(a, "'%s': %s", j->names[primary], e.text);
	return false;
}

static void join_chain(const struct pair_status *j, struct arena *a, struct installed_pair *v)
{
	struct pair_reading chain = { 0 };
	struct err ignored = { 0 };

	if (!j->pieces->parts[FILE_KIND_CHAIN].there || v->count != 1 ||
	    !installed_read_certs(&j->pieces->parts[FILE_KIND_CHAIN], a, &chain, &ignored) ||
	    !chain.count)
		return;

	struct der *all = arena_array(a, chain.count + 1, sizeof(*all));

	all[0] = v->certs[0];
	memcpy(all + 1, chain.certs, chain.count * sizeof(*all));
	v->certs = all;
	v->count = chain.count + 1;
}

struct pair_status pair_status_of(const struct layout *l, const struct pair_files *c)
{
	return (struct pair_status){ .pieces = c, .parts = l->parts, .names = l->names };
}

void installed_pair_prospect(const struct pair_status *j, struct arena *a, struct prospects *out)
{
	enum file_kind primary;
	struct pair_reading all = { 0 };
	struct err ignored = { 0 };

	if (!find_primary(j, &primary) ||
	    !installed_read_certs(&j->pieces->parts[primary], a, &all, &ignored) || !all.count)
		return;
	list_prospects(j, all.certs[0], out);
}

void installed_pair_reach(const struct pair_status *j, struct arena *a, struct installed_pair *out)
{
	enum file_kind primary;

	*out = (struct installed_pair){ .fingerprint = "", .chain = "" };
	if (!find_primary(j, &primary))
		return;
	out->fingerprint = NULL;
	if (!read_leaf(j, primary, a, out))
		return;
	if (primary == FILE_KIND_LEAF)
		join_chain(j, a, out);
	out->chain = chain_digest(out->certs, out->count, a);
	for (int part = 0; part < FILE_KIND_COUNT && !out->damage; part++)
		if (j->parts & 1U << part)
			out->damage = part_damage(j, (enum file_kind)part, out, a);
}

bool installed_pair_check(const struct pair_status *j, struct arena *a, const char *fingerprint,
			  struct err *e)
{
	struct installed_pair v;

	installed_pair_reach(j, a, &v);
	if (!v.fingerprint || v.error)
		return err_set(e, ERR_INPUT, "the pair cannot be read: %s", v.error);
	if (strcmp(v.fingerprint, fingerprint))
		return err_set(e, ERR_INPUT, "the leaf is %s and not %s as announced",
			       v.fingerprint, fingerprint);
	return !v.damage || err_set(e, ERR_INPUT, "the pair is not whole: %s", v.damage);
}

/* ---- the pair itself ---- */

static void read_anchor(const struct pair_files *seen, struct arena *a, struct cert_set *set)
{
	struct pair_reading anchor = { 0 };
	struct err ignored = { 0 };

	if (!seen->parts[FILE_KIND_CA].there ||
	    !installed_read_certs(&seen->parts[FILE_KIND_CA], a, &anchor, &ignored) ||
	    !anchor.count)
		return;
	anchor.count = 1;
	if (same_certs(anchor, set->certs, 1))
		return;
	set->anchor = anchor.certs[0];
}

static bool installed_read_key(const struct pair_files *seen, const char *spki, struct secret *key,
			       struct err *e)
{
	const struct pair_file *p = &seen->parts[FILE_KIND_KEY];
	AUTO(secret) found = { 0 };
	char own[65] = "";

	if (!p->there)
		p = &seen->parts[FILE_KIND_COMBINED];
	if (!p->there)
		return err_set(e, ERR_MISSING, "no key is installed");
	if (p->error)
		return err_set(e, ERR_IO, "the installed key: %s", p->error);
	if (!foreign_key(p->bytes.bytes, p->bytes.len, &found, own, e))
		return err_in(e, "the installed key");
	if (strcmp(own, spki))
		return err_set(e, ERR_INPUT, "the installed key does not match the certificate");
	*key = TAKE(found);
	return true;
}

bool installed_pair_read(const struct pair_status *j, struct arena *a, struct cert_set *set,
			 struct secret *key, struct err *e)
{
	struct installed_pair v;

	installed_pair_reach(j, a, &v);
	if (!v.fingerprint)
		return err_set(e, ERR_INPUT, "%s", v.error);
	if (!*v.fingerprint)
		return err_set(e, ERR_MISSING, "nothing is installed");
	if (!installed_read_key(j->pieces, v.spki, key, e))
		return false;
	*set = (struct cert_set){ .certs = v.certs, .count = v.count };
	read_anchor(j->pieces, a, set);
	return true;
}

/* ---- before it is replaced ---- */

bool installed_pair_expect(const struct installed_pair *v, const char *path,
			   const struct switch_order *order, struct err *e)
{
	if (!order->replaces)
		return true;
	if (v->fingerprint && (!strcmp(v->fingerprint, order->replaces) ||
			       !strcmp(v->fingerprint, order->fingerprint)))
		return true;
	return err_set(e, ERR_STALE, "'%s' was to replace %.16s but holds %.16s; plan again", path,
		       *order->replaces ? order->replaces : "nothing",
		       !v->fingerprint   ? "something unreadable"
		       : *v->fingerprint ? v->fingerprint
					 : "nothing");
}

static bool installed_is_pem(const struct pair_file *p)
{
	static const char *const marks[] = { "-----BEGIN CERTIFICATE-----",
					     "-----BEGIN TRUSTED CERTIFICATE", "PRIVATE KEY-----" };

	if (!p->there)
		return true;
	if (p->error)
		return false;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (bytes_find(p->bytes.bytes, p->bytes.len, marks[i]))
			return true;
	return p->bytes.len == 0;
}

bool pair_file_may_be_replaced(const struct pair_file *p, const char *name, struct err *e)
{
	return installed_is_pem(p) ||
	       err_set(e, ERR_IO,
		       "'%s' holds no certificate or key; say 'replace: true' if it may be replaced",
		       name);
}
