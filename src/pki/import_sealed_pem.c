/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "pki/import_key.h"
#include "pki/pbes.h"
#include "pki/pem.h"

#include <gnutls/crypto.h>
#include <string.h>
#include <strings.h>

enum {
	BODY_LINE = 64, /* RFC 1421, section 4.3.2.4 */
	CIPHER_NAME = 32,
	IV_BYTES = 16,
	SALT_BYTES = 8, /* of the IV, for the key */
	MD5_BYTES = 16,
};

static const struct {
	const char *name;
	gnutls_cipher_algorithm_t cipher;
} pem_ciphers[] = {
	{ "AES-128-CBC", GNUTLS_CIPHER_AES_128_CBC },
	{ "AES-192-CBC", GNUTLS_CIPHER_AES_192_CBC },
	{ "AES-256-CBC", GNUTLS_CIPHER_AES_256_CBC },
	{ "DES-EDE3-CBC", GNUTLS_CIPHER_3DES_CBC },
	{ "DES-CBC", GNUTLS_CIPHER_DES_CBC },
	{ "CAMELLIA-128-CBC", GNUTLS_CIPHER_CAMELLIA_128_CBC },
	{ "CAMELLIA-192-CBC", GNUTLS_CIPHER_CAMELLIA_192_CBC },
	{ "CAMELLIA-256-CBC", GNUTLS_CIPHER_CAMELLIA_256_CBC },
};

/* How a key is encrypted, as its headers say. */
struct sealed_pem {
	gnutls_cipher_algorithm_t cipher;
	unsigned char iv[IV_BYTES];
	size_t iv_len;
};

/* ---- headers and body ---- */

/* The value after "NAME:" and blanks; NULL: another line. */
static const char *header_value(const struct pem_line *l, const char *name, size_t *len)
{
	size_t at = strlen(name);

	if (l->len < at || memcmp(l->text, name, at) != 0)
		return NULL;
	while (at < l->len && l->text[at] == ' ')
		at++;
	*len = l->len - at;
	return l->text + at;
}

static bool is_text(const char *value, size_t len, const char *text)
{
	return value && len == strlen(text) && !memcmp(value, text, len);
}

static bool refuse_headers(const char *what, struct err *e)
{
	return err_set(
		e, ERR_INPUT,
		"the headers of its encrypted private key are damaged: %s; get the file again",
		what);
}

static bool find_pem_cipher(const char *name, struct sealed_pem *out, struct err *e)
{
	for (size_t i = 0; i < sizeof(pem_ciphers) / sizeof(*pem_ciphers); i++) {
		if (strcasecmp(pem_ciphers[i].name, name) != 0)
			continue;
		out->cipher = pem_ciphers[i].cipher;
		out->iv_len = gnutls_cipher_get_iv_size(out->cipher);
		return true;
	}
	return err_set(
		e, ERR_INPUT,
		"its private key is encrypted with '%s', which is not supported; convert it with 'openssl pkey -aes256'",
		name);
}

/* DEK-Info: the cipher and its IV in hex. */
static bool read_dek(const struct pem_line *l, struct sealed_pem *out, struct err *e)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
	char name[CIPHER_NAME];
	char iv[2 * IV_BYTES + 1];
	size_t len = 0;
	const char *value = header_value(l, "DEK-Info:", &len);
	const char *comma = value ? memchr(value, ',', len) : NULL;
	size_t name_len = comma ? (size_t)(comma - value) : 0;

	if (!name_len || name_len >= sizeof(name))
		return refuse_headers("'DEK-Info' with a cipher and its IV is not the second line",
				      e);
	memcpy(name, value, name_len);
	name[name_len] = '\0';
	if (strspn(name, allowed) != name_len)
		return refuse_headers("'DEK-Info' names no cipher", e);
	if (!find_pem_cipher(name, out, e))
		return false;
	len -= name_len + 1;
	if (len != 2 * out->iv_len)
		return refuse_headers("the IV in 'DEK-Info' is not as long as its cipher wants", e);
	memcpy(iv, comma + 1, len);
	iv[len] = '\0';
	return text_unhex(iv, out->iv, out->iv_len) ||
	       refuse_headers("the IV in 'DEK-Info' is not hex", e);
}

/* The headers, up to the empty line that ends them. */
static bool read_pem_headers(struct pem_lines *lines, struct sealed_pem *out, struct err *e)
{
	struct pem_line l = { 0 };
	size_t len = 0;
	const char *value = pem_line_next(lines, &l) ? header_value(&l, "Proc-Type:", &len) : NULL;

	if (!is_text(value, len, "4,ENCRYPTED"))
		return refuse_headers("'Proc-Type: 4,ENCRYPTED' is not the first line", e);
	if (!pem_line_next(lines, &l))
		l.len = 0;
	if (!read_dek(&l, out, e))
		return false;
	while (pem_line_next(lines, &l) && memchr(l.text, ':', l.len))
		;
	return !l.len || refuse_headers("no empty line follows them", e);
}

/* Lines of 64 characters but for the last: whoever shortens a file is found out. */
static bool read_sealed_body(struct pem_lines *lines, struct secret *out, struct err *e)
{
	AUTO(secret) text = { 0 };
	AUTO(secret) bytes = { 0 };
	struct pem_line l = { 0 };
	bool last = false;
	size_t got = 0;

	while (pem_line_next(lines, &l)) {
		if (last || l.len > BODY_LINE || !l.len)
			return err_set(
				e, ERR_INPUT,
				"line %u of its encrypted private key does not follow a line of %d characters, so the block is damaged; get the file again",
				l.number, BODY_LINE);
		last = l.len < BODY_LINE;
		secret_add(&text, l.text, l.len);
	}
	secret_alloc(&bytes, text_unbase64_room(text.len) + 1);
	if (!text.len || !text_unbase64((const char *)text.bytes, text.len, bytes.bytes, &got))
		return err_set(
			e, ERR_INPUT,
			"its encrypted private key is not base64, so the block is damaged; get the file again");
	secret_copy(out, bytes.bytes, got);
	return true;
}

/* ---- decryption ---- */

/* EVP_BytesToKey() of OpenSSL: MD5, one round, the IV's beginning as salt. */
static bool derive_pem_key(const struct sealed_pem *s, const char *password, struct secret *key)
{
	AUTO(secret) input = { 0 };
	unsigned char digest[MD5_BYTES];
	size_t size = gnutls_cipher_get_key_size(s->cipher);

	while (key->len < size) {
		secret_release(&input);
		if (key->len)
			secret_add(&input, digest, sizeof(digest));
		secret_add(&input, password, strlen(password));
		secret_add(&input, s->iv, SALT_BYTES);
		if (gnutls_hash_fast(GNUTLS_DIG_MD5, input.bytes, input.len, digest) < 0)
			return false;
		secret_add(key, digest,
			   size - key->len < sizeof(digest) ? size - key->len : sizeof(digest));
	}
	wipe(digest, sizeof(digest));
	return true;
}

bool import_sealed_pem(struct import_parse *f, const struct pem_block *b, const char *password,
		       struct err *e)
{
	struct pem_lines lines = pem_lines_of(b);
	struct sealed_pem s = { 0 };
	AUTO(secret) sealed = { 0 };
	AUTO(secret) key = { 0 };
	AUTO(secret) plain = { 0 };
	struct err unread = { 0 };

	if (!read_pem_headers(&lines, &s, e) || !read_sealed_body(&lines, &sealed, e))
		return false;
	if (!derive_pem_key(&s, password, &key))
		return err_set(e, ERR_CRYPTO, "cannot derive the key of an encrypted PEM block");

	if (cbc_decrypt(s.cipher, &key, (struct der){ s.iv, s.iv_len },
			(struct der){ sealed.bytes, sealed.len }, &plain) &&
	    import_plain_key(f, (struct der){ plain.bytes, plain.len }, &unread))
		return true;
	return err_set(
		e, ERR_INPUT,
		"its private key cannot be decrypted: its password is wrong; correct 'password'");
}
