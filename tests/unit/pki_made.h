/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates made for the tests of pki/. */
#ifndef TESTS_PKI_MADE_H
#define TESTS_PKI_MADE_H

#include "pki/issue.h"
#include "pki/pair.h"
#include "test.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NOW = 1800000000,
	DAY = 86400
};

#define MUST(call, e)                              \
	do {                                       \
		if (!(call))                       \
			fail_msg("%s", (e)->text); \
	} while (0)

static const struct san made_names[] = { { NAME_DNS, "shop.example.com" } };

static inline struct certificate made_certificate(void)
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

static inline void make_authority_at(enum key_type type, int64_t now, struct pair *out)
{
	struct err e = { 0 };
	AUTO(secret) key = { 0 };
	struct issuer i = { .name = "shop-ca",
			    .subject = "CN=Shop CA,O=Example Shop,C=AT",
			    .validity = 3650 * DAY,
			    .key = type };

	MUST(key_generate(type, &key, &e), &e);
	MUST(issue_authority(&i, &key, now, out, &e), &e);
}

/* Signed by the pair `ca`, or by itself when that is NULL. */
static inline void make_leaf(const struct certificate *c, const struct pair *ca, struct pair *out)
{
	struct err e = { 0 };
	AUTO(secret) key = { 0 };
	AUTO(authority) by = NULL;

	if (ca)
		MUST(authority_open(&ca->key, &ca->set, &by, &e), &e);
	MUST(key_generate(c->key, &key, &e), &e);
	MUST(issue_leaf(c, &key, by, NOW, out, &e), &e);
}

static inline void assert_says(const struct err *e, const char *what)
{
	if (!strstr(e->text, what))
		fail_msg("'%s' does not say '%s'", e->text, what);
}

#endif
