/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pair_file.h"

#include "base/vec.h"
#include "bundle/bundle.h"
#include "bundle/zip.h"
#include "pki/export.h"
#include "pki/pair.h"

#include <string.h>

static struct cert_set all_certificates(const struct pair_content *p, struct arena *a)
{
	struct cert_set all = *p->set;
	struct der *certs = arena_array(a, all.count + 1, sizeof(*certs));

	if (!p->complete || !all.anchor.len)
		return all;
	if (all.count)
		memcpy(certs, all.certs, all.count * sizeof(*certs));
	certs[all.count++] = all.anchor;
	all.certs = certs;
	return all;
}

static bool make_zip(const struct buf *certificates, const struct secret *key, struct secret *out,
		     struct err *e)
{
	AUTO(arena) a = { 0 };
	struct entries list = { 0 };

	VEC_PUSH(&list, &a,
		 (struct bundle_entry){ "certificate.pem", buf_text(certificates),
					certificates->len });
	VEC_PUSH(&list, &a, (struct bundle_entry){ "key.pem", key->bytes, key->len });
	return entries_export(&list, out, e);
}

bool pair_file_make(const struct pair_content *p, struct secret *out, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) pem = { 0 };
	AUTO(secret) key = { 0 };
	const struct cert_set all = all_certificates(p, &a);

	if (p->format == HANDOFF_PKCS12)
		return export_pkcs12(&(struct export_order){ .set = &all,
							     .key = p->key,
							     .password = p->password,
							     .name = p->name },
				     out, e);
	pem_add_certs(&pem, all.certs, all.count);
	pem_add_key(&key, p->key);
	if (p->format == HANDOFF_ZIP)
		return make_zip(&pem, &key, out, e);
	secret_alloc(out, pem.len + key.len);
	memcpy(out->bytes, buf_text(&pem), pem.len);
	memcpy(out->bytes + pem.len, key.bytes, key.len);
	return true;
}
