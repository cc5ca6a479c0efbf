/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_fixture.h"

static const struct san made_names[] = { { NAME_DNS, "shop.example.com" } };

struct certificate made_certificate(void)
{
	return (struct certificate){
		.name = "shop",
		.subject = "CN=shop.example.com",
		.validity = 90 * DAY,
		.names = made_names,
		.name_count = 1,
		.purpose = PURPOSE_SERVER,
		.key = KEY_ECDSA_P256,
	};
}

void make_authority(const char *subject, enum key_type type, int64_t at, struct pair *out)
{
	const struct issuer ca = {
		.name = "shop-ca", .subject = subject, .validity = 3650 * DAY, .key = type
	};
	AUTO(secret) key = { 0 };
	struct err e = { 0 };

	must(key_generate(type, &key, &e), &e);
	must(issue_authority(&ca, &key, at, out, &e), &e);
}

void make_leaf(const struct certificate *c, const struct pair *ca, int64_t at, struct pair *out)
{
	AUTO(authority) by = NULL;
	AUTO(secret) key = { 0 };
	struct err e = { 0 };

	if (ca)
		must(authority_open(&ca->key, &ca->set, &by, &e), &e);
	must(key_generate(c->key, &key, &e), &e);
	must(issue_leaf(c, &key, by, at, out, &e), &e);
}
