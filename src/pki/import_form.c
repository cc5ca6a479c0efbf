/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "pki/der.h"
#include "pki/import.h"
#include "pki/import_parse.h"

#include <string.h>

static bool starts_with(const gnutls_datum_t *in, const char *head, size_t len)
{
	return in->size >= len && memcmp(in->data, head, len) == 0;
}

/* ---- forms that are read ---- */

/* A block at the beginning of a line. */
static bool has_pem(struct der in)
{
	static const char begin[] = "-----BEGIN ";

	for (struct der rest = in;;) {
		const unsigned char *at = bytes_find(rest.bytes, rest.len, begin);

		if (!at)
			return false;
		if (at == in.bytes || at[-1] == '\n' || at[-1] == '\r' || at[-1] == 0xbf)
			return true;
		rest = (struct der){ at + 1, (size_t)(in.bytes + in.len - at - 1) };
	}
}

/* The content of a SEQUENCE that takes the whole of `in`; BER has no length, but an end. */
static bool open_whole(struct der in, struct der *content)
{
	struct der rest = in;

	if (in.len > 4 && in.bytes[0] == DER_SEQUENCE && in.bytes[1] == 0x80 &&
	    !in.bytes[in.len - 1] && !in.bytes[in.len - 2]) {
		*content = (struct der){ in.bytes + 2, in.len - 4 };
		return true;
	}
	return der_take(&rest, DER_SEQUENCE, content) && !rest.len;
}

static enum file_form form_of_der(struct der in)
{
	struct der content = { 0 };
	struct der first = { 0 };
	unsigned version = 0;

	if (!open_whole(in, &content))
		return FORM_UNKNOWN;
	if (der_is(&content, DER_OID))
		return FORM_PKCS7;
	if (der_take(&content, DER_SEQUENCE, &first))
		return der_is(&first, DER_OID) ? FORM_SEALED_KEY : FORM_CERT;
	if (!der_take_count(&content, &version))
		return FORM_UNKNOWN;
	return version == 3 && der_is(&content, DER_SEQUENCE) ? FORM_PKCS12 : FORM_KEY;
}

enum file_form file_form_of(const void *bytes, size_t len)
{
	const struct der in = { bytes, len };

	if (len > 4 && !memcmp(bytes, "PK\3\4", 4) && bytes_find(bytes, len, "PK\5\6"))
		return FORM_ZIP;
	if (len > 2 && in.bytes[0] == DER_SEQUENCE)
		return form_of_der(in);
	return has_pem(in) ? FORM_PEM : FORM_UNKNOWN;
}

/* ---- words for what is read elsewhere, or not at all ---- */

/* By the first bytes. */
static const struct {
	const char *head;
	size_t len;
	const char *words;
} unread_forms[] = {
	{ "\xfe\xed\xfe\xed", 4,
	  "is a Java keystore (JKS); convert it with 'keytool -importkeystore -deststoretype pkcs12', and import the result" },
	{ "\xce\xce\xce\xce", 4,
	  "is a Java keystore (JCEKS); convert it with 'keytool -importkeystore -srcstoretype jceks -deststoretype pkcs12', and import the result" },
	{ "PK\x03\x04", 4, "is a ZIP archive; name it in 'zip', or alone in 'file'" },
	{ "\xff\xfe", 2, "is UTF-16 text; convert it with 'iconv -f utf-16 -t utf-8'" },
	{ "\xfe\xff", 2, "is UTF-16 text; convert it with 'iconv -f utf-16 -t utf-8'" },
	{ "<", 1, "is an HTML or XML document; download the file again" },
	{ "ssh-", 4, "is a public SSH key; name the file of a certificate" },
};

static const char *const form_words[] = {
	[FORM_PEM] = "is PEM; name it in 'pem' or 'file'",
	[FORM_CERT] = "is a certificate in DER; name it in 'der' or 'file'",
	[FORM_KEY] = "is a private key in DER; name it in 'der' or 'file'",
	[FORM_SEALED_KEY] = "is an encrypted private key in DER; name it in 'der' or 'file'",
	[FORM_PKCS7] = "is PKCS#7; name it in 'der' or 'file'",
	[FORM_PKCS12] = "is PKCS#12; name it in 'pkcs12' or 'file'",
	[FORM_ZIP] = "is a ZIP archive; name it in 'zip', or alone in 'file'",
};

/* DER that ends before it should, or goes on. */
static bool has_other_length(gnutls_datum_t in)
{
	return in.size > 4 && in.data[0] == DER_SEQUENCE && in.data[1] > 0x80 &&
	       in.data[1] <= 0x84 && (in.data[2] || in.data[1] == 0x81);
}

const char *import_form_words(gnutls_datum_t in)
{
	if (!in.size)
		return "is empty; write it again";
	for (size_t i = 0; i < sizeof(unread_forms) / sizeof(*unread_forms); i++)
		if (starts_with(&in, unread_forms[i].head, unread_forms[i].len))
			return unread_forms[i].words;

	enum file_form form = file_form_of(in.data, in.size);

	if (form == FORM_UNKNOWN && has_other_length(in))
		return "is DER, but not as long as it says; get the file again";
	return form_words[form];
}
