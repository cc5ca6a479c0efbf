/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_fixture.h"
#include "test.h"

struct sample {
	const char *text;
	const char *canonical; /* or, of a refused one, what is said */
	const char *cn;
};

static const struct sample accepted[] = {
	{ "CN=Shop CA, O=Example Shop, C=AT", "CN=Shop CA,O=Example Shop,C=AT", "Shop CA" },
	{ "cn=a,o=b", "CN=a,O=b", "a" },
	{ "O=b", "O=b", NULL },
	{ "", "", NULL },
	{ "CN=a\\,b", "CN=a\\,b", "a,b" },
	{ "CN=a\\2Cb", "CN=a\\,b", "a,b" },
	{ "CN=a\\C3\\BCb", "CN=a\u00fcb", "a\u00fcb" },
	{ "CN=\u00fcber", "CN=\u00fcber", "\u00fcber" },
	{ "CN=a\\+b", "CN=a\\+b", "a+b" },
	{ "CN=*.example.com", "CN=*.example.com", "*.example.com" },
	{ "CN=a=b", "CN=a=b", "a=b" },
	{ "emailAddress=a@b.c,CN=x", "EMAIL=a@b.c,CN=x", "x" },
	{ "UID=x,DC=example,DC=com", "UID=x,DC=example,DC=com", NULL },
	{ "CN=\\ a", "CN=\\ a", " a" },
};

static const struct sample refused[] = {
	{ "CN=a,", "has no '='", NULL },
	{ "CN=a,,O=b", "has no '='", NULL },
	{ "CN", "has no '='", NULL },
	{ "=a", "has no '='", NULL },
	{ "CN=", "is empty", NULL },
	{ "CN=a+O=b", "'+' are not supported", NULL },
	{ "CN=a;O=b", "must be written as '\\;'", NULL },
	{ "CN=\"a\"", "must be written as", NULL },
	{ "CN=a\\", "backslash", NULL },
	{ "CN=a\\xb", "backslash", NULL },
	{ "CN=a\\00b", "control character", NULL },
	{ "CN=a\nb", "", NULL },
	{ "CN=a\xff", "UTF-8", NULL },
	{ "XY=1", "unknown attribute 'XY'", NULL },
	{ "C=AUT", "the value of 'C'", NULL },
	{ "CN=\\20", "the value of 'CN'", NULL },
	{ "O=\\ ,CN=a", "the value of 'O'", NULL },
	{ "CN=ops\\\\,O=Example", "ends in a backslash", NULL },
	{ "CN=ops\\5c,O=Example", "ends in a backslash", NULL },
	{ "CN=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "the most is 64",
	  NULL },
};

TEST(gives_the_canonical_form_and_the_common_name)
{
	for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
		const struct sample *s = &accepted[i];
		AUTO(arena) a = { 0 };
		struct err e = { 0 };
		const char *canonical = NULL;
		const char *cn = NULL;

		must(subject_canonical(s->text, &a, &canonical, &cn, &e), &e);
		assert_string_equal(canonical, s->canonical);
		if (s->cn)
			assert_string_equal(cn, s->cn);
		else
			assert_null(cn);
	}
}

TEST(its_canonical_form_is_its_own_canonical_form)
{
	for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
		AUTO(arena) a = { 0 };
		struct err e = { 0 };
		const char *once = NULL;
		const char *twice = NULL;
		const char *cn = NULL;

		must(subject_canonical(accepted[i].text, &a, &once, &cn, &e), &e);
		must(subject_canonical(once, &a, &twice, &cn, &e), &e);
		assert_string_equal(once, twice);
	}
}

TEST(refuses_what_is_no_name_and_says_why)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		AUTO(arena) a = { 0 };
		struct err e = { 0 };
		const char *canonical = NULL;
		const char *cn = NULL;

		if (subject_canonical(refused[i].text, &a, &canonical, &cn, &e))
			fail_msg("'%s' became '%s'", refused[i].text, canonical);
		assert_int_equal(e.code, ERR_INPUT);
		assert_says(&e, refused[i].canonical);
		assert_null(canonical);
	}
}

TEST(refuses_what_becomes_too_long)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) text = { 0 };
	struct err e = { 0 };
	const char *canonical = NULL;
	const char *cn = NULL;

	buf_puts(&text, "CN=a");
	while (text.len < 900)
		buf_puts(&text, ",E=a");
	assert_false(subject_canonical(buf_text(&text), &a, &canonical, &cn, &e));
	assert_says(&e, "more than 1024 bytes");
}

TEST(the_issued_subject_reads_back_as_it_was_written)
{
	AUTO(pair) p = { 0 };
	struct certificate c = made_certificate();

	c.subject = "CN=a\\,b \u00fc,OU=x,O=Example Shop,C=AT";
	make_leaf(&c, NULL, NOW, &p);
	assert_string_equal(p.facts.subject, c.subject);
}
