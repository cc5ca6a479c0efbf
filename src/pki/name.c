/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "pki/gnutls_handle.h"
#include "pki/issue.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	SUBJECT_LIMIT = 1024, /* bytes, GnuTLS's own limit */
	OID_LIMIT = 64
};

/* RFC 5280, appendix A.1: upper bounds, in characters. */
static const struct {
	const char *oid;
	const char *word;
	size_t least;
	size_t most;
} bounds[] = {
	{ GNUTLS_OID_X520_COUNTRY_NAME, "C", 2, 2 },
	{ GNUTLS_OID_X520_COMMON_NAME, "CN", 1, 64 },
	{ GNUTLS_OID_X520_ORGANIZATION_NAME, "O", 1, 64 },
	{ GNUTLS_OID_X520_ORGANIZATIONAL_UNIT_NAME, "OU", 1, 64 },
	{ GNUTLS_OID_X520_LOCALITY_NAME, "L", 1, 128 },
	{ GNUTLS_OID_X520_STATE_OR_PROVINCE_NAME, "ST", 1, 128 },
};

/* Attribute names of other tools, and GnuTLS's name for each. */
static const char *const aliases[][2] = {
	{ "emailAddress", "EMAIL" },
	{ "E", "EMAIL" },
	{ "S", "ST" },
	{ "SN", "surname" },
};

static bool is_special(char c)
{
	return c && strchr(" ,+\"\\<>;#=", c);
}

/*
 * Rewrites an escape (`s` is after the backslash) for GnuTLS, which does not
 * know pairs of hex digits: a pair becomes its byte.  Returns the characters
 * read; 0: neither a pair nor a special character.
 */
static size_t copy_escape(const char *s, struct buf *out, struct buf *plain)
{
	unsigned char byte = 0;
	char pair[3] = { s[0], s[0] ? s[1] : '\0', '\0' };

	if (is_special(s[0])) {
		buf_putc(out, '\\');
		buf_putc(out, s[0]);
		buf_putc(plain, s[0]);
		return 1;
	}
	if (!text_unhex(pair, &byte, 1))
		return 0;
	if (is_special((char)byte))
		buf_putc(out, '\\');
	buf_putc(out, (char)byte);
	buf_putc(plain, (char)byte);
	return 2;
}

/* One attribute: `text` as GnuTLS parses it, `value` unescaped. */
struct attribute {
	struct buf text;
	struct buf value;
};

static void attribute_release(struct attribute *at)
{
	buf_release(&at->text);
	buf_release(&at->value);
}
AUTO_STRUCT(attribute, struct attribute, attribute_release)

/* Rewrites one "CN=a", up to an unescaped comma. */
static bool rewrite_attribute(const char **text, struct attribute *out, struct arena *a,
			      struct err *e)
{
	const char *s = *text + strspn(*text, " ");
	size_t len = strcspn(s, "=,");
	const char *word = arena_strndup(a, s, len);

	if (len == 0 || s[len] != '=')
		return err_set(e, ERR_INPUT,
			       "a name is a list like 'CN=a,O=b', but '%s' has no '='",
			       text_escaped(a, word));
	const char *known = word;

	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (strcasecmp(aliases[i][0], word) == 0)
			known = aliases[i][1];
	buf_printf(&out->text, "%s=", known);
	for (s += len + 1; *s && *s != ','; s++) {
		if (strchr("+;\"<>", *s))
			return err_set(e, ERR_INPUT,
				       "'%c' in the value of '%s' must be written as '\\%c'%s", *s,
				       text_escaped(a, word), *s,
				       *s == '+' ? " (attributes joined by '+' are not supported)"
						 : "");
		if (*s != '\\') {
			buf_putc(&out->text, *s);
			buf_putc(&out->value, *s);
			continue;
		}
		size_t n = copy_escape(s + 1, &out->text, &out->value);

		if (n == 0)
			return err_set(
				e, ERR_INPUT,
				"a backslash in the value of '%s' is followed by a special character or two hex digits",
				text_escaped(a, word));
		s += n;
	}
	*text = s;
	return true;
}

/* GnuTLS parses a value of blanks only as a backslash. */
static bool name_is_kept(gnutls_x509_dn_t dn, const struct buf *value)
{
	const char *text = buf_text(value);
	size_t blanks = strspn(text, " ");
	gnutls_x509_ava_st ava = { 0 };

	return *text == '#' || !value->len || blanks < value->len ||
	       (gnutls_x509_dn_get_rdn_ava(dn, 0, 0, &ava) >= 0 && ava.value.size == value->len &&
		!memcmp(ava.value.data, text, value->len));
}

/* Tries one attribute alone: GnuTLS's "Error in parsing" does not name the bad one. */
static bool try_attribute(const struct attribute *at, struct arena *a, struct err *e)
{
	AUTO(dn) whole = NULL;
	AUTO(dn) bare = NULL;
	const char *attribute = buf_text(&at->text);
	const char *word = arena_strndup(a, attribute, strcspn(attribute, "="));

	gnutls_x509_dn_init(&whole);
	if (gnutls_x509_dn_set_str(whole, attribute, NULL) >= 0 && name_is_kept(whole, &at->value))
		return true;
	gnutls_x509_dn_init(&bare);
	if (gnutls_x509_dn_set_str(bare, arena_printf(a, "%s=a", word), NULL) < 0)
		return err_set(
			e, ERR_INPUT,
			"unknown attribute '%s' in a name; known are CN, O, OU, C, ST, L, street, serialNumber, DC, UID, EMAIL, or an OID with a #hex value",
			text_escaped(a, word));
	return err_set(e, ERR_INPUT, "the value of '%s' in a name is %s", text_escaped(a, word),
		       attribute[strlen(word) + 1] ? "not usable" : "empty");
}

/* Runs before GnuTLS parses the text: a NUL byte would truncate it there. */
static bool check_bytes(const struct buf *one, struct err *e)
{
	for (size_t i = 0; i < one->len; i++)
		if (iscntrl((unsigned char)one->data[i]))
			return err_set(e, ERR_INPUT, "a name holds a control character");
	if (!text_is_utf8(buf_text(one), one->len))
		return err_set(e, ERR_INPUT, "a name is not valid UTF-8");
	return true;
}

static bool rewrite(const char *text, struct arena *a, struct buf *out, struct err *e)
{
	for (;;) {
		AUTO(attribute) one = { 0 };

		if (!rewrite_attribute(&text, &one, a, e) || !check_bytes(&one.text, e) ||
		    !try_attribute(&one, a, e))
			return false;
		/* GnuTLS would take a final backslash and the comma after it for one comma. */
		if (*text && one.value.len && one.value.data[one.value.len - 1] == '\\')
			return err_set(
				e, ERR_INPUT,
				"a value that ends in a backslash must be the last one of a name");
		buf_puts(out, buf_text(&one.text));
		if (*text++ == '\0')
			break;
		buf_putc(out, ',');
	}
	return true;
}

static bool check_bounds(const gnutls_x509_ava_st *ava, struct err *e)
{
	size_t len = 0; /* in characters of UTF-8 */

	for (unsigned i = 0; i < ava->value.size; i++)
		len += (ava->value.data[i] & 0xc0) != 0x80;
	for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {

		if (strcmp(bounds[i].oid, (const char *)ava->oid.data) != 0)
			continue;
		if (len >= bounds[i].least && len <= bounds[i].most)
			return true;
		return err_set(
			e, ERR_INPUT, "the value of '%s' in a name has %zu characters, %s %zu",
			bounds[i].word, len, len < bounds[i].least ? "it needs" : "the most is",
			len < bounds[i].least ? bounds[i].least : bounds[i].most);
	}
	return true;
}

bool subject_canonical(const char *text, struct arena *a, const char **canonical, const char **cn,
		       struct err *e)
{
	AUTO(dn) dn = NULL;
	AUTO(buf) clean = { 0 };
	AUTO(datum) shown = { 0 };
	const char *common = NULL; /* the last of the DER, which is the first of the text */
	gnutls_x509_ava_st ava = { 0 };

	if (strlen(text) > SUBJECT_LIMIT)
		return err_set(e, ERR_INPUT, "a name has more than %d bytes", SUBJECT_LIMIT);
	if (text[strspn(text, " ")] == '\0') {
		*canonical = "";
		*cn = NULL;
		return true;
	}
	if (!rewrite(text, a, &clean, e))
		return false;
	int rc = gnutls_x509_dn_init(&dn);

	if (rc >= 0)
		rc = gnutls_x509_dn_set_str(dn, buf_text(&clean), NULL);
	if (rc >= 0)
		rc = gnutls_x509_dn_get_str2(dn, &shown, 0);
	if (rc < 0)
		return err_set(e, ERR_INPUT, "cannot read the name '%s'", text_escaped(a, text));
	/* aliases may lengthen the text: "E" becomes "EMAIL" */
	if (shown.size > SUBJECT_LIMIT)
		return err_set(e, ERR_INPUT, "a name has more than %d bytes", SUBJECT_LIMIT);
	for (int i = 0; gnutls_x509_dn_get_rdn_ava(dn, i, 0, &ava) >= 0; i++) {
		if (!check_bounds(&ava, e))
			return false;
		if (strcmp((const char *)ava.oid.data, GNUTLS_OID_X520_COMMON_NAME) == 0)
			common = arena_strndup(a, (const char *)ava.value.data, ava.value.size);
	}
	*canonical = arena_strndup(a, (const char *)shown.data, shown.size);
	*cn = common;
	return true;
}
