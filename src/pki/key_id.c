/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/key_id.h"

#include "base/text.h"
#include "pki/cert.h"
#include "pki/issue.h"
#include "pki/pair.h"

#include <string.h>

enum {
	KEY_ID_LIMIT = 128 /* bytes; what is longer counts as not told */
};

typedef int id_fn(gnutls_x509_crt_t crt, void *out, size_t *len,
		  unsigned *critical);

static const char *read_id(gnutls_x509_crt_t crt, id_fn *get, struct arena *a)
{
	unsigned char bytes[KEY_ID_LIMIT];
	char hex[2 * KEY_ID_LIMIT + 1];
	size_t len = sizeof(bytes);

	if (get(crt, bytes, &len, NULL) < 0 || len == 0)
		return NULL;
	text_hex(bytes, len, hex);
	return arena_strdup(a, hex);
}

static const char *canonical(const char *name, struct arena *a)
{
	const char *text = NULL;
	const char *cn = NULL;
	struct err ignored = { 0 };

	return subject_canonical(name, a, &text, &cn, &ignored) ? text : name;
}

bool key_ids_read(struct der der, struct arena *a, struct key_ids *out,
		  struct err *e)
{
	AUTO(crt) crt = NULL;
	struct cert_facts facts = { 0 };

	if (!cert_open(der, &crt, e) || !cert_read_facts(der, a, &facts, e))
		return false;
	*out = (struct key_ids){
		.subject = canonical(facts.subject, a),
		.issuer = canonical(facts.issuer, a),
		.own = read_id(crt, gnutls_x509_crt_get_subject_key_id, a),
		.signer = read_id(crt, gnutls_x509_crt_get_authority_key_id, a),
	};
	if (!out->own)
		out->own = facts.spki;
	if (!out->signer && !strcmp(out->subject, out->issuer))
		out->signer = out->own;
	return true;
}
