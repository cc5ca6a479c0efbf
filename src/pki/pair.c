/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/pair.h"

#include "base/alloc.h"
#include "base/text.h"
#include "crypto/crypto.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

void pair_release(struct pair *p)
{
	secret_release(&p->key);
	arena_release(&p->arena);
	*p = (struct pair){ 0 };
}

static struct der der_copy(struct der from, struct arena *a)
{
	if (from.len == 0)
		return (struct der){ 0 };
	unsigned char *bytes = arena_alloc(a, from.len);

	memcpy(bytes, from.bytes, from.len);
	return (struct der){ bytes, from.len };
}

struct cert_set cert_set_copy(const struct cert_set *set, struct arena *a)
{
	struct der *certs = arena_array(a, set->count, sizeof(*certs));

	for (size_t i = 0; i < set->count; i++)
		certs[i] = der_copy(set->certs[i], a);
	return (struct cert_set){ .certs = certs,
				  .count = set->count,
				  .anchor = der_copy(set->anchor, a) };
}

bool pair_from_parts(const struct secret *pkcs8, const struct cert_set *set, struct pair *out,
		     struct err *e)
{
	AUTO(pair) p = { 0 };

	if (set->count == 0 || set->count > CHAIN_LIMIT)
		return err_set(e, ERR_INPUT, "a pair has 1 to %d certificates, not %zu",
			       CHAIN_LIMIT, set->count);
	p.set = cert_set_copy(set, &p.arena);
	if (!cert_read_facts(p.set.certs[0], &p.arena, &p.facts, e))
		return false;
	secret_copy(&p.key, pkcs8->bytes, pkcs8->len);
	*out = TAKE(p);
	return true;
}

const char *chain_digest(const struct der *certs, size_t count, struct arena *a)
{
	uint8_t digest[SHA256_BYTES];
	size_t above = count ? count - 1 : 0;
	struct bytes *pieces = xcalloc(above ? above : 1, sizeof(*pieces));
	char *text = arena_alloc(a, SHA256_TEXT);

	for (size_t i = 0; i < above; i++)
		pieces[i] = (struct bytes){ certs[i + 1].bytes, certs[i + 1].len };
	sha256_pieces(pieces, above, digest);
	free(pieces);
	text_hex(digest, sizeof(digest), text);
	return text;
}

/* The lengths are hashed first, so that no two pairs give the same input. */
const char *pair_digest(const struct cert_set *set, const struct secret *pkcs8, struct arena *a)
{
	uint64_t lengths[CHAIN_LIMIT + 3] = { 0 };
	struct bytes pieces[CHAIN_LIMIT + 3];
	uint8_t digest[SHA256_BYTES];
	char *text = arena_alloc(a, SHA256_TEXT);
	size_t n = 1;

	assert(set->count <= CHAIN_LIMIT);
	for (size_t i = 0; i < set->count; i++)
		pieces[n++] = (struct bytes){ set->certs[i].bytes, set->certs[i].len };
	pieces[n++] = (struct bytes){ set->anchor.bytes, set->anchor.len };
	pieces[n++] = (struct bytes){ pkcs8->bytes, pkcs8->len };
	lengths[0] = htobe64(set->count);
	for (size_t i = 1; i < n; i++)
		lengths[i] = htobe64(pieces[i].len);
	pieces[0] = (struct bytes){ lengths, n * sizeof(*lengths) };
	sha256_pieces(pieces, n, digest);
	text_hex(digest, sizeof(digest), text);
	return text;
}
