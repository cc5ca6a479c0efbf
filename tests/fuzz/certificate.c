/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates: as a component holds them (PEM), as a port presents them and
 * as a caller shows them (a chain of DER), and the keys beside them.
 */
#include "harness.h"

#include "base/vec.h"
#include "pki/client_auth.h"
#include "pki/foreign.h"
#include "pki/pair.h"

static void read_der(struct der der)
{
	AUTO(arena) a = { 0 };
	struct cert_facts facts = { 0 };
	struct err e = { 0 };

	if (!cert_read_facts(der, &a, &facts, &e)) {
		HOLDS(e.code != ERR_NONE);
		return;
	}
	HOLDS(facts.fingerprint && facts.spki && facts.subject && facts.issuer && facts.key);
	cert_sha1(der, &a);
}

static void show(const struct der *chain, size_t count)
{
	static struct client_auth *clients;
	static const struct allowed_client allowed[] = { { .name = "CN=shop.example.com" } };
	static const struct agent_config config = { .clients = allowed, .client_count = 1 };
	AUTO(arena) a = { 0 };
	struct client who = { 0 };
	struct err e = { 0 };

	if (!clients) {
		AUTO(buf) pem = { 0 };

		pem_add_certs(&pem, fuzz_authority()->set.certs, 1);
		HOLDS(client_auth_new(&config, buf_text(&pem), pem.len, &clients, &e));
	}
	TRY(client_auth_check(clients, chain, count, &a, &who, &e));
	presented_is_complete(chain, count, &fuzz_pair()->set, FUZZ_NOW);
}

static void read_pem(const char *text, size_t len)
{
	AUTO(arena) a = { 0 };
	AUTO(secret) key = { 0 };
	const struct der *certs = NULL;
	size_t count = 0;
	char spki[65];
	struct err e = { 0 };

	if (pem_read_certs(text, len, &a, &certs, &count, &e)) {
		for (size_t i = 0; i < count; i++)
			read_der(certs[i]);
		if (count)
			show(certs, count);
		if (count)
			chain_digest(certs, count, &a);
	}
	e = (struct err){ 0 };
	if (pem_read_key(text, len, &key, &e))
		TRY(key_spki(&key, spki, &e));
}

/* A leaf of our own above which stands what is read. */
static void show_above(struct der der)
{
	const struct der chain[] = { fuzz_pair()->set.certs[0], der };

	show(chain, 2);
	show(&der, 1);
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	const struct der der = { bytes, len };
	AUTO(secret) text = secret_of(bytes, len);

	read_der(der);
	show_above(der);
	read_pem((const char *)text.bytes, len);
}

void fuzz_seeds(void)
{
	const struct cert_set *set = &fuzz_pair()->set;
	AUTO(buf) pem = { 0 };
	AUTO(secret) key = { 0 };

	seed(set->certs[0].bytes, set->certs[0].len);
	seed(set->anchor.bytes, set->anchor.len);
	pem_add_certs(&pem, set->certs, set->count);
	pem_add_certs(&pem, &set->anchor, 1);
	seed(pem.data, pem.len);
	pem_add_key(&key, &fuzz_pair()->key);
	buf_add(&pem, key.bytes, key.len);
	seed(pem.data, pem.len);
	seed_much_pem();
}
