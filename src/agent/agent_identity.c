/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent_identity.h"

#include "agent/network_half.h"
#include "base/clock.h"
#include "base/fs.h"
#include "pki/pair.h"

#include <string.h>

enum {
	OLD_KEY_MS = HANDSHAKE_MS + 5000, /* a signing request may arrive late */
};

/* Refuses a pair that fails its check: it would lock out every client. */
bool agent_identity_read(struct agent_identity *s, const struct agent_config *c, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(secret) pkcs8 = { 0 };
	AUTO(pair) pair = { 0 };
	AUTO(tls_key) key = NULL;
	struct cert_set set = { 0 };
	size_t same = 0;

	if (!pem_file_certs(c->certificate, &a, NULL, &set, e) ||
	    !pem_file_key(c->key, NULL, &pkcs8, e) || !pair_from_parts(&pkcs8, &set, &pair, e) ||
	    !pair_lint(&pair, clock_now(), e) || !tls_key_open(&pair.key, &key, e))
		return err_in(e, "cannot use the agent's own pair");
	while (same < s->set.count && same < pair.set.count &&
	       s->set.certs[same].len == pair.set.certs[same].len &&
	       !memcmp(s->set.certs[same].bytes, pair.set.certs[same].bytes,
		       pair.set.certs[same].len))
		same++;
	if (s->key && same == s->set.count && same == pair.set.count)
		return true;
	tls_key_close(s->old);
	s->old = s->key;
	s->old_end_ms = clock_mono_ms() + OLD_KEY_MS;
	s->key = TAKE(key);
	arena_release(&s->arena);
	s->arena = (struct arena){ 0 };
	s->set = cert_set_copy(&pair.set, &s->arena);
	s->spki = arena_strdup(&s->arena, pair.facts.spki);
	s->revision++;
	return true;
}

void agent_identity_drop_old(struct agent_identity *s)
{
	if (s->old && clock_mono_ms() >= s->old_end_ms)
		tls_key_close(TAKE(s->old));
}

void agent_identity_release(struct agent_identity *s)
{
	tls_key_close(s->key);
	tls_key_close(s->old);
	arena_release(&s->arena);
}

bool agent_identity_sign(const struct agent_identity *s, const struct tls_signing *what,
			 struct arena *a, struct der *signature, struct err *e)
{
	const struct tls_key *key = what->revision == s->revision       ? s->key
				    : what->revision + 1 == s->revision ? s->old
									: NULL;

	if (!key)
		return err_set(e, ERR_STALE, "the agent's key of that handshake has been replaced");
	return tls_key_sign(key, what, a, signature, e);
}

/* Compares absolute paths, because either may be relative or contain "..". */
static bool is_path(const char *a, const char *b)
{
	AUTO(arena) at = { 0 };

	return !strcmp(fs_absolute(&at, a), fs_absolute(&at, b));
}

static bool identity_is_in(const char *directory, const char *name, const char *path)
{
	AUTO(arena) a = { 0 };

	return is_path(arena_printf(&a, "%s/%s", directory, name), path);
}

bool agent_identity_is(const struct agent_config *c, const struct agent_component *which)
{
	const struct install *i = &which->install;

	if (i->directory)
		return identity_is_in(i->directory, "fullchain.pem", c->certificate) &&
		       identity_is_in(i->directory, "key.pem", c->key);
	return i->certificate && i->key && is_path(i->certificate, c->certificate) &&
	       is_path(i->key, c->key);
}
