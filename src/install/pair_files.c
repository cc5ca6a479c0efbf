/* SPDX-License-Identifier: Apache-2.0 */
#include "install/pair_files.h"

#include "base/buf.h"
#include "install/entry.h"
#include "pki/foreign.h"
#include "pki/pair.h"

#include <string.h>

const char *const part_files[] = {
	[PART_LEAF] = "leaf.pem", [PART_CHAIN] = "chain.pem", [PART_FULLCHAIN] = "fullchain.pem",
	[PART_KEY] = "key.pem",   [PART_CA] = "ca.pem",       [PART_COMBINED] = "combined.pem",
};
_Static_assert(sizeof(part_files) / sizeof(*part_files) == PART_COUNT, "every part needs its name");

void pieces_release(struct pieces *c)
{
	for (size_t i = 0; i < PART_COUNT; i++)
		secret_release(&c->parts[i].bytes);
	*c = (struct pieces){ 0 };
}

static void put_certs(struct pieces *c, enum part part, const struct der *certs, size_t count)
{
	AUTO(buf) pem = { 0 };

	pem_add_certs(&pem, certs, count);
	c->parts[part].there = true;
	secret_copy(&c->parts[part].bytes, buf_text(&pem), pem.len);
}

/* What those who shall trust the leaf need; a self-signed top is its own. */
static void put_anchor(struct pieces *c, const struct cert_set *set)
{
	AUTO(arena) a = { 0 };
	struct cert_facts facts = { 0 };
	struct err ignored = { 0 };
	const struct der *top = &set->certs[set->count - 1];

	if (set->anchor.len) {
		put_certs(c, PART_CA, &set->anchor, 1);
		return;
	}
	if (foreign_cert(*top, &a, &facts, &ignored) && !strcmp(facts.subject, facts.issuer))
		put_certs(c, PART_CA, top, 1);
}

static void put_combined(struct pieces *c, const struct cert_set *set, const struct secret *key)
{
	struct piece *piece = &c->parts[PART_COMBINED];
	AUTO(buf) certs = { 0 };
	AUTO(secret) pem = { 0 };

	pem_add_certs(&certs, set->certs, set->count);
	pem_add_key(&pem, key);
	piece->there = true;
	secret_alloc(&piece->bytes, certs.len + pem.len);
	memcpy(piece->bytes.bytes, buf_text(&certs), certs.len);
	memcpy(piece->bytes.bytes + certs.len, pem.bytes, pem.len);
}

void pieces_of_pair(struct pieces *c, unsigned parts, const struct cert_set *set,
		    const struct secret *key)
{
	if (parts & 1 << PART_LEAF)
		put_certs(c, PART_LEAF, set->certs, 1);
	if (parts & 1 << PART_CHAIN)
		put_certs(c, PART_CHAIN, set->certs + 1, set->count - 1);
	if (parts & 1 << PART_FULLCHAIN)
		put_certs(c, PART_FULLCHAIN, set->certs, set->count);
	if (parts & 1 << PART_CA)
		put_anchor(c, set);
	if (parts & 1 << PART_COMBINED)
		put_combined(c, set, key);
	if (parts & 1 << PART_KEY) {
		c->parts[PART_KEY].there = true;
		pem_add_key(&c->parts[PART_KEY].bytes, key);
	}
}

void pieces_read_part(struct pieces *c, enum part part, int dir, const char *name, struct arena *a)
{
	struct piece *piece = &c->parts[part];
	struct err e = { 0 };

	piece->there = true;
	if (entry_read(dir, name, &piece->bytes, &piece->attr, &e))
		return;
	if (e.code == ERR_MISSING) {
		piece->there = false;
		return;
	}
	piece->error = arena_strdup(a, e.text);
	(void)entry_attr(dir, name, &piece->attr);
}

void pieces_read_directory(struct pieces *c, unsigned parts, int dir, struct arena *a)
{
	for (int part = 0; part < PART_COUNT; part++)
		if (parts & 1U << part)
			pieces_read_part(c, (enum part)part, dir, part_files[part], a);
}

static bool attr_agrees(struct fs_attr a, struct fs_attr b)
{
	const uid_t any_owner = (uid_t)-1;
	const gid_t any_group = (gid_t)-1;

	return a.mode == b.mode &&
	       (a.owner == b.owner || a.owner == any_owner || b.owner == any_owner) &&
	       (a.group == b.group || a.group == any_group || b.group == any_group);
}

static bool piece_equal(const struct piece *a, const struct piece *b)
{
	if (a->there != b->there)
		return false;
	if (!a->there)
		return true;
	return !a->error && !b->error && a->bytes.len == b->bytes.len &&
	       !memcmp(a->bytes.bytes, b->bytes.bytes, a->bytes.len) &&
	       attr_agrees(a->attr, b->attr);
}

bool pieces_equal(const struct pieces *a, const struct pieces *b)
{
	for (size_t i = 0; i < PART_COUNT; i++)
		if (!piece_equal(&a->parts[i], &b->parts[i]))
			return false;
	return true;
}
