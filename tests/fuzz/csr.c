/* SPDX-License-Identifier: Apache-2.0 */
/* A signing request, as an agent sends it. */
#include "harness.h"

#include "pki/csr.h"
#include "pki/issue.h"

void fuzz_one(const uint8_t *bytes, size_t len)
{
	AUTO(arena) a = { 0 };
	struct der spki = { 0 };
	struct err e = { 0 };
	bool good = csr_read((struct der){ bytes, len }, &a, &spki, &e);

	HOLDS(good == (e.code == ERR_NONE));
}

void fuzz_seeds(void)
{
	static const enum key_type types[] = { KEY_ECDSA_P256, KEY_ECDSA_P521, KEY_ED25519,
					       KEY_RSA_2048 };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		AUTO(arena) a = { 0 };
		AUTO(secret) key = { 0 };
		struct der der = { 0 };
		struct der spki = { 0 };
		struct err e = { 0 };

		HOLDS(key_generate(types[i], &key, &e) && csr_make(&key, &a, &der, &e) &&
		      csr_read(der, &a, &spki, &e));
		seed(der.bytes, der.len);
	}
}
