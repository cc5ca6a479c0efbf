/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys without their public point, by our own cursor over DER. */
#include "harness.h"

#include "pki/der.h"
#include "pki/ec_key.h"
#include "pki/import_key.h"
#include "pki/pbes.h"

/* As deep as it goes. */
static void walk(struct der in, unsigned depth)
{
	static const enum der_tag tags[] = { DER_INTEGER,
					     DER_OCTETS,
					     DER_OID,
					     DER_ENUMERATED,
					     DER_SEQUENCE,
					     DER_CONTEXT_0,
					     DER_LDAP_EXTENDED_RESPONSE };
	const size_t count = sizeof(tags) / sizeof(*tags);

	for (size_t i = 0; in.len && i < count; i++) {
		struct der content = { 0 };
		struct der copy = in;
		unsigned number = 0;

		if (der_take_count(&copy, &number))
			HOLDS(copy.len < in.len && number <= INT32_MAX);
		if (!der_take(&in, tags[i], &content))
			continue;
		HOLDS(content.len <= SIZE_MAX - in.len);
		if (depth < 8)
			walk(content, depth + 1);
		i = (size_t)-1;
	}
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	const struct der der = { bytes, len };
	AUTO(secret) plain = { 0 };
	struct ec_scalar scalar = { 0 };
	struct err e = { 0 };

	walk(der, 0);
	if (ec_scalar_read(der, &scalar))
		HOLDS(scalar.number.bytes >= bytes &&
		      scalar.number.bytes + scalar.number.len <= bytes + len);
	if (import_check_pkcs8(&(gnutls_datum_t){ (unsigned char *)bytes, (unsigned)len },
			       GNUTLS_X509_FMT_DER, &e))
		(void)pkcs8_decrypt(der, "secret", &plain);
}

void fuzz_seeds(void)
{
	static const uint8_t sec1[] =
		"\x30\x31\x02\x01\x01\x04\x20"
		"0123456789abcdef0123456789abcdef\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
	static const uint8_t pkcs8[] =
		"\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x27\x30\x25\x02\x01\x01\x04\x20"
		"0123456789abcdef0123456789abcdef";
	static const uint8_t ldap[] = "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00";

	seed(sec1, sizeof(sec1) - 1);
	seed(pkcs8, sizeof(pkcs8) - 1);
	seed(ldap, sizeof(ldap) - 1);
}
