/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/pem.h"

#include "base/text.h"
#include "base/trusted_file.h"
#include "base/vec.h"
#include "pki/key.h"
#include "pki/pair.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const cert_labels[] = { "CERTIFICATE", "X509 CERTIFICATE", NULL };
static const char *const key_labels[] = { "PRIVATE KEY",     "ENCRYPTED PRIVATE KEY",
					  "RSA PRIVATE KEY", "EC PRIVATE KEY",
					  "DSA PRIVATE KEY", NULL };

static const char *const pkcs7_labels[] = { "PKCS7", "CMS", "PKCS #7 SIGNED DATA", NULL };

static bool pem_is_listed(const char *label, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(label, *list) == 0)
			return true;
	return false;
}

bool pem_is_cert(const struct pem_block *b)
{
	return pem_is_listed(b->label, cert_labels);
}

bool pem_is_key(const struct pem_block *b)
{
	return pem_is_listed(b->label, key_labels);
}

bool pem_is_pkcs7(const struct pem_block *b)
{
	return pem_is_listed(b->label, pkcs7_labels);
}

bool pem_next(gnutls_datum_t text, size_t *at, struct pem_block *out)
{
	static const char begin_mark[] = "-----BEGIN ";
	const unsigned char *stop = text.data + text.size;
	const unsigned char *from = text.data + *at;
	char end_mark[96];

	for (;;) {
		const unsigned char *begin = bytes_find(from, stop - from, begin_mark);

		if (!begin)
			return false;
		from = begin + strlen(begin_mark);

		size_t most = stop - from < 70 ? stop - from : 70;
		const unsigned char *dashes = bytes_find(from, most, "-----");

		if (!dashes || dashes - from > 63 || memchr(from, '\n', dashes - from))
			continue; /* not a BEGIN line */
		memcpy(out->label, from, dashes - from);
		out->label[dashes - from] = '\0';
		snprintf(end_mark, sizeof(end_mark), "-----END %s-----", out->label);
		from = dashes + strlen("-----");
		const unsigned char *end = bytes_find(from, stop - from, end_mark);

		out->whole = end != NULL;
		end = end ? end + strlen(end_mark) : stop;
		out->text = (gnutls_datum_t){ (unsigned char *)begin, (unsigned)(end - begin) };
		*at = end - text.data;
		return true;
	}
}

struct pem_lines pem_lines_of(const struct pem_block *b)
{
	static const char marks[] = "-----BEGIN -----";
	const char *begin = (const char *)b->text.data + strlen(marks) + strlen(b->label);
	const char *end = (const char *)b->text.data + b->text.size;

	if (b->whole)
		end -= strlen("-----END -----") + strlen(b->label);
	/* what stands on the line of BEGIN is a line only when it is not blank */
	while (begin < end && *begin != '\n' && isspace((unsigned char)*begin))
		begin++;
	if (begin < end && *begin == '\n')
		begin++;
	return (struct pem_lines){ .at = begin, .end = end };
}

bool pem_line_next(struct pem_lines *lines, struct pem_line *out)
{
	if (lines->at == lines->end)
		return false;

	const char *at = lines->at;
	const char *stop = memchr(at, '\n', lines->end - at);
	size_t len = (stop ? stop : lines->end) - at;

	lines->at = stop ? stop + 1 : lines->end;
	lines->number++;
	while (len && isspace((unsigned char)at[len - 1]))
		len--;
	*out = (struct pem_line){ at, len, lines->number };
	return true;
}

bool pem_has_headers(const struct pem_block *b)
{
	struct pem_lines lines = pem_lines_of(b);
	struct pem_line l = { 0 };

	return pem_line_next(&lines, &l) && memchr(l.text, ':', l.len);
}

bool pem_check_lines(const struct pem_block *b, struct err *e)
{
	struct pem_lines lines = pem_lines_of(b);
	struct pem_line l = { 0 };
	bool in_headers = true;

	while (pem_line_next(&lines, &l)) {
		if (!l.len && !in_headers)
			return err_set(
				e, ERR_INPUT,
				"a PEM block '%s' is damaged: line %u of it is empty, so something may be missing; get the file again",
				b->label, l.number);
		in_headers = in_headers && l.len && memchr(l.text, ':', l.len);
	}
	return true;
}

bool pem_decode(const struct pem_block *b, gnutls_datum_t *der, struct err *e)
{
	char words[128];
	int rc = gnutls_pem_base64_decode2(b->label, &b->text, der);

	if (rc < 0)
		return err_set(e, ERR_INPUT, "a PEM block '%s' is damaged: %s", b->label,
			       gnutls_words(rc, words));
	return true;
}

void pem_add_certs(struct buf *out, const struct der *certs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		AUTO(datum) text = { 0 };
		gnutls_datum_t der = datum_of(certs[i]);

		if (gnutls_pem_base64_encode2("CERTIFICATE", &der, &text) >= 0)
			buf_add(out, text.data, text.size);
	}
}

void pem_add_key(struct secret *out, const struct secret *pkcs8)
{
	AUTO(secret_datum) text = { 0 };
	gnutls_datum_t der = datum_of_secret(pkcs8);

	if (gnutls_pem_base64_encode2("PRIVATE KEY", &der, &text) >= 0)
		secret_copy(out, text.data, text.size);
}

static struct der pem_store(struct arena *a, const gnutls_datum_t *bytes)
{
	unsigned char *copy = arena_alloc(a, bytes->size);

	memcpy(copy, bytes->data, bytes->size);
	return (struct der){ copy, bytes->size };
}

bool pem_read_certs(const char *text, size_t len, struct arena *a, const struct der **certs,
		    size_t *count, struct err *e)
{
	gnutls_datum_t all = { (unsigned char *)text, (unsigned)len };
	VEC(struct der) list = { 0 };
	struct pem_block block;

	for (size_t at = 0; pem_next(all, &at, &block);) {
		AUTO(datum) der = { 0 };

		if (!pem_is_cert(&block))
			continue;
		if (!pem_decode(&block, &der, e))
			return false;
		if (der.size > CERTIFICATE_LIMIT)
			return err_set(e, ERR_INPUT, "a certificate has more than %d bytes",
				       CERTIFICATE_LIMIT);
		if (list.count == PEM_BLOCK_LIMIT)
			return err_set(e, ERR_INPUT, "more than %d certificates in one file",
				       PEM_BLOCK_LIMIT);
		VEC_PUSH(&list, a, pem_store(a, &der));
	}
	*certs = list.items;
	*count = list.count;
	return true;
}

bool pem_read_key(const char *text, size_t len, struct secret *out, struct err *e)
{
	gnutls_datum_t all = { (unsigned char *)text, (unsigned)len };
	AUTO(x509_key) key = NULL;
	struct pem_block block;
	size_t at = 0;

	do {
		if (!pem_next(all, &at, &block))
			return err_set(e, ERR_INPUT, "there is no private key in it");
	} while (!pem_is_key(&block));
	int rc = gnutls_x509_privkey_init(&key);

	if (rc >= 0)
		rc = gnutls_x509_privkey_import2(key, &block.text, GNUTLS_X509_FMT_PEM, NULL,
						 GNUTLS_PKCS_PLAIN);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot read the private key");
	return key_store(key, out, e);
}

bool pem_file_certs(const char *path, struct arena *a, struct secret *text, struct cert_set *out,
		    struct err *e)
{
	AUTO(secret) bytes = { 0 };
	struct cert_set set = { 0 };

	if (!trusted_file_read(path, TRUSTED_PUBLIC, INPUT_FILE_LIMIT, &bytes, e))
		return false;
	if (!pem_read_certs((const char *)bytes.bytes, bytes.len, a, &set.certs, &set.count, e))
		return err_in(e, "cannot read '%s'", path);
	if (!set.count)
		return err_set(e, ERR_INPUT, "'%s' holds no certificate", path);
	if (text)
		*text = TAKE(bytes);
	*out = set;
	return true;
}

bool pem_file_key(const char *path, struct secret *text, struct secret *out, struct err *e)
{
	AUTO(secret) bytes = { 0 };

	if (!trusted_file_read(path, TRUSTED_KEY, INPUT_FILE_LIMIT, &bytes, e))
		return false;
	if (!pem_read_key((const char *)bytes.bytes, bytes.len, out, e))
		return err_in(e, "cannot read '%s'", path);
	if (text)
		*text = TAKE(bytes);
	return true;
}
