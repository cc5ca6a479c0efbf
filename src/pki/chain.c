/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/text.h"
#include "pki/cert.h"
#include "pki/import_parse.h"
#include "pki/key.h"
#include "pki/pair.h"

#include <string.h>

/* One certificate of an unordered set, to be sorted into a chain. */
struct chain_link {
	gnutls_x509_crt_t crt;
	struct der der;
	char key[FINGERPRINT_TEXT];
	bool used;
	bool is_self_signed;
};

struct cert_pool {
	struct chain_link *links;
	size_t count;
};

static void cert_pool_release(struct cert_pool *h)
{
	for (size_t i = 0; i < h->count; i++)
		gnutls_x509_crt_deinit(h->links[i].crt);
	free(h->links);
}
AUTO_STRUCT(cert_pool, struct cert_pool, cert_pool_release)

static bool cert_pool_open(struct cert_pool *h, const struct import_parse *f, struct err *e)
{
	h->links = xcalloc(f->certs.count, sizeof(*h->links));
	for (h->count = 0; h->count < f->certs.count;) {
		struct chain_link *l = &h->links[h->count];
		AUTO(pubkey) pub = NULL;
		struct err unknown = { 0 };

		l->der = f->certs.items[h->count++];
		if (!cert_open(l->der, &l->crt, e))
			return false;
		l->is_self_signed = cert_is_signed_by(l->crt, l->crt);
		/* A key type unknown to GnuTLS leaves `key` empty and matches no private key. */
		if (cert_public(l->crt, &pub, &unknown) && !key_digest(pub, l->key, e))
			return false;
	}
	return true;
}

static bool find_leaf(struct cert_pool *h, const char *key, struct import_parse *f,
		      struct chain_link **out, struct err *e)
{
	struct chain_link *leaf = NULL;

	for (size_t i = 0; i < h->count; i++) {
		if (strcmp(h->links[i].key, key) != 0)
			continue;
		if (leaf)
			return err_set(
				e, ERR_INPUT,
				"two certificates belong to the private key, '%s' by '%s' and '%s' by '%s'",
				cert_subject(leaf->crt, &f->arena),
				cert_issuer(leaf->crt, &f->arena),
				cert_subject(h->links[i].crt, &f->arena),
				cert_issuer(h->links[i].crt, &f->arena));
		leaf = &h->links[i];
	}
	if (!leaf)
		return err_set(
			e, ERR_INPUT,
			"no certificate belongs to the private key; name the key that the certificate was issued for");
	*out = leaf;
	return true;
}

/*
 * The issuer of `below`; NULL: not in the set.  A cross-signed CA goes before
 * the self-signed form of the same key: more clients trust the longer chain.
 */
static struct chain_link *chain_find_signer(struct cert_pool *h, const struct chain_link *below)
{
	struct chain_link *root = NULL;

	for (size_t i = 0; i < h->count; i++) {
		struct chain_link *l = &h->links[i];

		if (l->used || !cert_is_signed_by(below->crt, l->crt))
			continue;
		if (!l->is_self_signed)
			return l;
		root = l;
	}
	return root;
}

/* A cross-signed or renewed certificate of a CA that is in the chain already. */
static bool is_alternative(const struct cert_pool *h, const struct chain_link *l)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->links[i].used && strcmp(h->links[i].key, l->key) == 0)
			return true;
	return false;
}

/* What is left over may be the other end of a chain with a hole in it. */
static bool check_rest(struct cert_pool *h, struct import_parse *f, const struct cert_set *set,
		       struct err *e)
{
	const struct der *top = &set->certs[set->count - 1];
	const struct chain_link *end = NULL; /* top of a chain that ends before a root */

	for (size_t i = 0; i < h->count && !set->anchor.len; i++)
		if (h->links[i].der.bytes == top->bytes && !h->links[i].is_self_signed)
			end = &h->links[i];

	for (size_t i = 0; i < h->count; i++) {
		const char *name = cert_subject(h->links[i].crt, &f->arena);

		if (h->links[i].used || is_alternative(h, &h->links[i]))
			continue;
		if (!end)
			return err_set(
				e, ERR_INPUT,
				"certificate '%s' does not belong to the chain; leave it out",
				name);
		return err_set(
			e, ERR_INPUT,
			"certificate '%s' does not belong to the chain, which ends at '%s': the certificate of its issuer '%s' is missing; add it",
			name, cert_subject(end->crt, &f->arena), cert_issuer(end->crt, &f->arena));
	}
	return true;
}

static bool chain_climb(struct cert_pool *h, struct chain_link *leaf, struct import_parse *f,
			struct cert_set *set, struct err *e)
{
	struct der *certs = arena_array(&f->arena, CHAIN_LIMIT, sizeof(*certs));
	struct chain_link *l = leaf;

	*set = (struct cert_set){ .certs = certs };
	for (;;) {
		if (set->count == CHAIN_LIMIT)
			return err_set(e, ERR_INPUT, "its chain has more than %d certificates",
				       CHAIN_LIMIT);
		l->used = true;
		certs[set->count++] = l->der;
		if (l->is_self_signed)
			return true;
		l = chain_find_signer(h, l);
		if (!l)
			return true;
		if (!l->is_self_signed)
			continue;
		l->used = true;
		set->anchor = l->der;
		return true;
	}
}

/* ---- the chains that AppMon's import wizard takes ---- */

/* Marks all that signed `l`; returns their number. */
static size_t use_signers(struct cert_pool *h, const struct chain_link *l)
{
	size_t count = 0;

	for (size_t i = 0; i < h->count; i++) {
		if (&h->links[i] == l || !cert_is_signed_by(l->crt, h->links[i].crt))
			continue;
		h->links[i].used = true;
		count++;
	}
	return count;
}

/* Marks all chains that begin with the leaf; each has to reach its root. */
static bool use_whole_chains(struct cert_pool *h, struct chain_link *leaf, struct import_parse *f,
			     struct err *e)
{
	bool *done = arena_array(&f->arena, h->count, sizeof(*done));
	bool more = true;

	for (size_t i = 0; i < h->count; i++)
		h->links[i].used = &h->links[i] == leaf;
	while (more) {
		more = false;
		for (size_t i = 0; i < h->count; i++) {
			struct chain_link *l = &h->links[i];

			if (!l->used || done[i])
				continue;
			more = done[i] = true;
			if (!l->is_self_signed && !use_signers(h, l))
				return err_set(
					e, ERR_INPUT,
					"its chain ends at '%s', and AppMon's import wizard takes complete chains only; add the certificate of its issuer '%s'",
					cert_subject(l->crt, &f->arena),
					cert_issuer(l->crt, &f->arena));
		}
	}
	return true;
}

static bool check_wizard_chains(struct cert_pool *h, struct chain_link *leaf,
				struct import_parse *f, struct err *e)
{
	if (!use_whole_chains(h, leaf, f, e))
		return false;
	for (size_t i = 0; i < h->count; i++)
		if (!h->links[i].used)
			return err_set(
				e, ERR_INPUT,
				"certificate '%s' belongs to no chain of the leaf '%s', and AppMon's import wizard takes nothing that is not used; leave it out",
				cert_subject(h->links[i].crt, &f->arena),
				cert_subject(leaf->crt, &f->arena));
	return true;
}

bool import_parse_chain(struct import_parse *f, const struct secret *pkcs8, struct cert_set *set,
			struct err *e)
{
	AUTO(cert_pool) h = { 0 };
	struct chain_link *leaf = NULL;
	char key[FINGERPRINT_TEXT];

	return key_spki(pkcs8, key, e) && cert_pool_open(&h, f, e) &&
	       find_leaf(&h, key, f, &leaf, e) && chain_climb(&h, leaf, f, set, e) &&
	       (f->wizard ? check_wizard_chains(&h, leaf, f, e) : check_rest(&h, f, set, e));
}
