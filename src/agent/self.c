/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/self.h"

#include "base/clock.h"
#include "base/fs.h"
#include "pki/pair.h"

#include <string.h>

/* A pair that does not fit would lock everybody out. */
static bool read_pair(const struct agent_config *c, struct pair *out,
		      struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) pem = { 0 };
	AUTO(secret) key_pem = { 0 };
	AUTO(secret) key = { 0 };
	struct cert_set set = { 0 };

	if (!fs_read(c->certificate, INPUT_FILE_LIMIT, &pem, e) ||
	    !fs_read_secret(c->key, INPUT_FILE_LIMIT, &key_pem, e) ||
	    !pem_read_certs(buf_text(&pem), pem.len, &a, &set.certs, &set.count,
			    e) ||
	    !pem_read_key((const char *)key_pem.bytes, key_pem.len, &key, e))
		return false;
	if (!set.count)
		return err_set(e, ERR_INPUT, "'%s' holds no certificate",
			       c->certificate);
	return pair_from_parts(&key, &set, out, e) &&
	       pair_lint(out, clock_now(), e);
}

bool self_read(struct self *s, const struct agent_config *c, struct err *e)
{
	AUTO(pair) pair = { 0 };
	AUTO(tls_key) key = NULL;

	if (!read_pair(c, &pair, e) || !tls_key_open(&pair.key, &key, e))
		return err_in(e, "cannot use the agent's own pair");
	tls_key_close(s->old);
	s->old = s->key;
	s->key = TAKE(key);
	arena_release(&s->arena);
	s->arena = (struct arena){ 0 };
	s->set = cert_set_copy(&pair.set, &s->arena);
	s->spki = arena_strdup(&s->arena, pair.facts.spki);
	s->revision++;
	return true;
}

void self_release(struct self *s)
{
	tls_key_close(s->key);
	tls_key_close(s->old);
	arena_release(&s->arena);
}

bool self_sign(const struct self *s, const struct tls_signing *what,
	       struct arena *a, struct der *signature, struct err *e)
{
	const struct tls_key *key = what->revision == s->revision       ? s->key
				    : what->revision + 1 == s->revision ? s->old
									: NULL;

	if (!key)
		return err_set(e, ERR_STALE, "the key of that is gone");
	return tls_key_sign(key, what, a, signature, e);
}

bool self_is(const struct agent_config *c, const struct agent_component *which)
{
	const struct install *i = &which->install;

	return i->certificate && i->key &&
	       !strcmp(i->certificate, c->certificate) &&
	       !strcmp(i->key, c->key);
}
