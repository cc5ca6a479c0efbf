/* SPDX-License-Identifier: Apache-2.0 */
/* A ZIP archive of the files of an import; of every second one .pem files alone. */
#include "harness.h"

#include "bundle/pem_zip.h"
#include "bundle/zip.h"

void fuzz_one(const uint8_t *bytes, size_t len)
{
	AUTO(pem_zip) z = { 0 };
	struct err e = { 0 };
	bool pem_only = len % 2;
	bool good = pem_zip_read((struct bytes){ bytes, len }, pem_only, &z, &e);

	HOLDS(good == (e.code == ERR_NONE) && good == (z.count > 0));
	HOLDS(z.count <= PEM_ZIP_ENTRY_LIMIT);
	for (size_t i = 0; i < z.count; i++) {
		size_t name = strlen(z.names[i]);

		HOLDS(!pem_only || (name >= 4 && !strcmp(z.names[i] + name - 4, ".pem")));
		HOLDS(z.names[i][0] != '/' && z.files[i].len <= PEM_ZIP_UNPACKED_LIMIT);
	}
}

void fuzz_seeds(void)
{
	struct bundle_entry items[] = {
		{ "key.pem", "-----BEGIN PRIVATE KEY-----\n", 28 },
		{ "certs/leaf.pem", "-----BEGIN CERTIFICATE-----\n", 28 },
		{ "empty.pem", "", 0 },
		{ "other.crt", "x", 1 },
	};

	seed_zips(items, sizeof(items) / sizeof(*items));
}
