/* SPDX-License-Identifier: Apache-2.0 */
#include "install/pair_files.h"

#include "base/buf.h"
#include "base/text.h"
#include "install/entry.h"
#include "pki/foreign.h"
#include "pki/pair.h"

#include <string.h>

const char *const file_kind_names[] = {
	[FILE_KIND_LEAF] = "leaf.pem",
	[FILE_KIND_CHAIN] = "chain.pem",
	[FILE_KIND_FULLCHAIN] = "fullchain.pem",
	[FILE_KIND_KEY] = "key.pem",
	[FILE_KIND_CA] = "ca.pem",
	[FILE_KIND_COMBINED] = "combined.pem",
};
_Static_assert(sizeof(file_kind_names) / sizeof(*file_kind_names) == FILE_KIND_COUNT,
	       "every part needs its name");

void pair_files_release(struct pair_files *c)
{
	for (size_t i = 0; i < FILE_KIND_COUNT; i++)
		secret_release(&c->parts[i].bytes);
	*c = (struct pair_files){ 0 };
}

static void put_certs(struct pair_files *c, enum file_kind part, const struct der *certs,
		      size_t count)
{
	AUTO(buf) pem = { 0 };

	pem_add_certs(&pem, certs, count);
	c->parts[part].there = true;
	secret_copy(&c->parts[part].bytes, buf_text(&pem), pem.len);
}

/* ca.pem, for clients that verify the leaf: the anchor, else a self-signed top. */
static void put_anchor(struct pair_files *c, const struct cert_set *set)
{
	AUTO(arena) a = { 0 };
	struct cert_facts facts = { 0 };
	struct err ignored = { 0 };
	const struct der *top = &set->certs[set->count - 1];

	if (set->anchor.len) {
		put_certs(c, FILE_KIND_CA, &set->anchor, 1);
		return;
	}
	if (foreign_cert(*top, &a, &facts, &ignored) && !strcmp(facts.subject, facts.issuer))
		put_certs(c, FILE_KIND_CA, top, 1);
}

static void put_combined(struct pair_files *c, const struct cert_set *set, const struct secret *key)
{
	struct pair_file *piece = &c->parts[FILE_KIND_COMBINED];
	AUTO(buf) certs = { 0 };
	AUTO(secret) pem = { 0 };

	pem_add_certs(&certs, set->certs, set->count);
	pem_add_key(&pem, key);
	piece->there = true;
	secret_alloc(&piece->bytes, certs.len + pem.len);
	memcpy(piece->bytes.bytes, buf_text(&certs), certs.len);
	memcpy(piece->bytes.bytes + certs.len, pem.bytes, pem.len);
}

void pair_files_of_pair(struct pair_files *c, unsigned parts, const struct cert_set *set,
			const struct secret *key)
{
	if (parts & 1 << FILE_KIND_LEAF)
		put_certs(c, FILE_KIND_LEAF, set->certs, 1);
	if (parts & 1 << FILE_KIND_CHAIN)
		put_certs(c, FILE_KIND_CHAIN, set->certs + 1, set->count - 1);
	if (parts & 1 << FILE_KIND_FULLCHAIN)
		put_certs(c, FILE_KIND_FULLCHAIN, set->certs, set->count);
	if (parts & 1 << FILE_KIND_CA)
		put_anchor(c, set);
	if (parts & 1 << FILE_KIND_COMBINED)
		put_combined(c, set, key);
	if (parts & 1 << FILE_KIND_KEY) {
		c->parts[FILE_KIND_KEY].there = true;
		pem_add_key(&c->parts[FILE_KIND_KEY].bytes, key);
	}
}

static void read_kind(struct pair_file *piece, int dir, const char *name, struct arena *a,
		      bool linked)
{
	struct err e = { 0 };

	piece->there = true;
	if (linked ? entry_read_linked(dir, name, a, &piece->bytes, &piece->attr, &e)
		   : entry_read(dir, name, a, &piece->bytes, &piece->attr, &e))
		return;
	if (e.code == ERR_MISSING) {
		piece->there = false;
		return;
	}
	piece->error = arena_strdup(a, e.text);
	(void)entry_attr(dir, name, &piece->attr);
}

void pair_files_read_kind(struct pair_files *c, enum file_kind part, int dir, const char *name,
			  struct arena *a)
{
	read_kind(&c->parts[part], dir, name, a, false);
}

void pair_files_read_linked(struct pair_files *c, enum file_kind part, int dir, const char *name,
			    struct arena *a)
{
	read_kind(&c->parts[part], dir, name, a, true);
}

void pair_files_read_directory(struct pair_files *c, unsigned parts, int dir, struct arena *a)
{
	for (int part = 0; part < FILE_KIND_COUNT; part++)
		if (parts & 1U << part)
			pair_files_read_kind(c, (enum file_kind)part, dir, file_kind_names[part],
					     a);
}

/* An ACL that is wanted has to be there; over SSH a label is not read back. */
static bool attr_agrees(struct fs_attr a, struct fs_attr b)
{
	const uid_t any_owner = (uid_t)-1;
	const gid_t any_group = (gid_t)-1;

	if ((b.acl && !text_equal(a.acl, b.acl)) ||
	    (a.label && b.label && strcmp(a.label, b.label)))
		return false;
	return a.mode == b.mode &&
	       (a.owner == b.owner || a.owner == any_owner || b.owner == any_owner) &&
	       (a.group == b.group || a.group == any_group || b.group == any_group);
}

bool pair_file_same(const struct pair_file *a, const struct pair_file *b)
{
	if (a->there != b->there)
		return false;
	if (!a->there)
		return true;
	return !a->error && !b->error && a->bytes.len == b->bytes.len &&
	       !memcmp(a->bytes.bytes, b->bytes.bytes, a->bytes.len);
}

static bool pair_file_equal(const struct pair_file *a, const struct pair_file *b)
{
	return pair_file_same(a, b) && (!a->there || attr_agrees(a->attr, b->attr));
}

bool pair_files_equal(const struct pair_files *files, const struct pair_files *wanted)
{
	for (size_t i = 0; i < FILE_KIND_COUNT; i++)
		if (!pair_file_equal(&files->parts[i], &wanted->parts[i]))
			return false;
	return true;
}
