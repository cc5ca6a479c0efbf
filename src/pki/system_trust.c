/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"
#include "pki/cert.h"
#include "pki/pair.h"

#include <string.h>

static void system_trust_close(gnutls_x509_trust_list_t list)
{
	gnutls_x509_trust_list_deinit(list, 1);
}
AUTO_TYPE(system_list, gnutls_x509_trust_list_t, system_trust_close)

static void system_trust_each(gnutls_x509_trust_list_t list, struct arena *a,
			      const struct der **certs, size_t *count)
{
	VEC(struct der) found = { 0 };
	gnutls_x509_trust_list_iter_t at = NULL;

	for (;;) {
		AUTO(crt) crt = NULL;
		AUTO(datum) der = { 0 };
		unsigned char *copy;

		if (gnutls_x509_trust_list_iter_get_ca(list, &at, &crt) < 0)
			break;
		if (gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der) < 0)
			continue;
		copy = arena_alloc(a, der.size);
		memcpy(copy, der.data, der.size);
		VEC_PUSH(&found, a, ((struct der){ copy, der.size }));
	}
	gnutls_x509_trust_list_iter_deinit(at);
	*certs = found.items;
	*count = found.count;
}

void system_trust(struct arena *a, const struct der **certs, size_t *count)
{
	AUTO(system_list) list = NULL;

	*certs = NULL;
	*count = 0;
	if (gnutls_x509_trust_list_init(&list, 0) >= 0 &&
	    gnutls_x509_trust_list_add_system_trust(list, 0, 0) > 0)
		system_trust_each(list, a, certs, count);
}
