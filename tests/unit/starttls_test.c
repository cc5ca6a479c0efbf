/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/starttls.h"
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT(text)                     \
	{                              \
		text, sizeof(text) - 1 \
	}

struct pair_file {
	const char *bytes;
	size_t len;
};

/* What a server wants to hear, and what it says then. */
struct turn {
	struct pair_file expects;
	struct pair_file says;
};

struct talk {
	enum starttls_kind kind;
	struct turn turns[4];
	const char *why; /* NULL: it is agreed; else what the failure names */
};

static const char ssl_request[] = "\0\0\0\x08\x04\xd2\x16\x2f";
static const char extended_request[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
				       "1.3.6.1.4.1.1466.20037";
#define SSL_REQUEST                                  \
	{                                            \
		ssl_request, sizeof(ssl_request) - 1 \
	}
#define EXTENDED                                               \
	{                                                      \
		extended_request, sizeof(extended_request) - 1 \
	}
#define NOTHING       \
	{             \
		"", 0 \
	}
#define EHLO TEXT("EHLO [127.0.0.1]\r\n")
#define STARTTLS TEXT("STARTTLS\r\n")
#define TAGGED TEXT("a1 STARTTLS\r\n")

static void hear_out(int fd, struct pair_file expects)
{
	char heard[256];

	if (expects.len == 0)
		return;
	assert_int_equal(read(fd, heard, sizeof(heard)), expects.len);
	assert_memory_equal(heard, expects.bytes, expects.len);
}

/*
 * Plays a server, its answers `at_once` bytes at a time; the dialogue's last
 * result.
 */
static enum starttls_result play(const struct talk *t, size_t at_once, struct arena *a,
				 const char **why)
{
	int ends[2];
	enum starttls_result result = STARTTLS_GOES_ON;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	AUTO(starttls) s = starttls_open(t->kind, ends[0], a);

	for (size_t i = 0; i < 4 && t->turns[i].says.len; i++) {
		struct pair_file says = t->turns[i].says;

		result = starttls_advance(s, why);
		assert_int_equal(result, STARTTLS_GOES_ON);
		assert_int_equal(starttls_events(s), POLLIN);
		hear_out(ends[1], t->turns[i].expects);
		for (size_t k = 0; k < says.len; k += at_once) {
			size_t n = says.len - k < at_once ? says.len - k : at_once;

			assert_int_equal(write(ends[1], says.bytes + k, n), n);
			if (k + n < says.len || !t->turns[i + 1].says.len)
				result = starttls_advance(s, why);
			if (result != STARTTLS_GOES_ON)
				break;
		}
		if (result != STARTTLS_GOES_ON)
			break;
	}
	close(ends[1]);
	if (result == STARTTLS_GOES_ON)
		result = starttls_advance(s, why);
	close(ends[0]);
	return result;
}

static void check(const struct talk *t, size_t at_once)
{
	AUTO(arena) a = { 0 };
	const char *why = NULL;
	enum starttls_result result = play(t, at_once, &a, &why);

	if (!t->why) {
		if (result != STARTTLS_AGREED)
			fail_msg("%s: %s", t->turns[0].says.bytes, why);
		return;
	}
	assert_int_equal(result, STARTTLS_FAILED);
	if (!strstr(why, t->why))
		fail_msg("'%s' does not name '%s'", why, t->why);
}

static const struct talk good[] = {
	{ STARTTLS_NONE, { { NOTHING, NOTHING } }, NULL },
	{ STARTTLS_POSTGRES, { { SSL_REQUEST, TEXT("S") } }, NULL },
	{ STARTTLS_SMTP,
	  { { NOTHING, TEXT("220-mail.example ESMTP\r\n220 be welcome\r\n") },
	    { EHLO, TEXT("250-mail.example\r\n250-SIZE 10\r\n"
			 "250-starttls\r\n250 HELP\r\n") },
	    { STARTTLS, TEXT("220 go ahead\r\n") } },
	  NULL },
	{ STARTTLS_SMTP,
	  { { NOTHING, TEXT("220\n") },
	    { EHLO, TEXT("250-x\n250 STARTTLS\n") },
	    { STARTTLS, TEXT("220\n") } },
	  NULL },
	{ STARTTLS_IMAP,
	  { { NOTHING, TEXT("* OK [CAPABILITY IMAP4rev1] ready\r\n") },
	    { TAGGED, TEXT("* 1 EXISTS\r\na1 OK begin\r\n") } },
	  NULL },
	{ STARTTLS_LDAP,
	  { { EXTENDED, TEXT("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00") } },
	  NULL },
	/* lengths as Active Directory writes them */
	{ STARTTLS_LDAP,
	  { { EXTENDED,
	      TEXT("\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00") } },
	  NULL },
};

static const struct talk refusals[] = {
	{ STARTTLS_POSTGRES, { { SSL_REQUEST, TEXT("N") } }, "does not offer TLS" },
	{ STARTTLS_POSTGRES, { { SSL_REQUEST, TEXT("E") } }, "answered with an error" },
	{ STARTTLS_POSTGRES, { { SSL_REQUEST, TEXT("H") } }, "does not speak PostgreSQL" },
	{ STARTTLS_SMTP,
	  { { NOTHING, TEXT("554 go away\r\n") } },
	  "the greeting: it answered '554 go away'" },
	{ STARTTLS_SMTP,
	  { { NOTHING, TEXT("220 x\r\n") }, { EHLO, TEXT("250-x\r\n250 NOSTARTTLS\r\n") } },
	  "EHLO: it does not offer STARTTLS" },
	{ STARTTLS_SMTP,
	  { { NOTHING, TEXT("220 x\r\n") }, { EHLO, TEXT("250-x\r\n550 no\r\n") } },
	  "EHLO: it answered '550 no'" },
	{ STARTTLS_SMTP,
	  { { NOTHING, TEXT("220 x\r\n") },
	    { EHLO, TEXT("250 STARTTLS\r\n") },
	    { STARTTLS, TEXT("454 not now\x1b[2J\r\n") } },
	  "STARTTLS: it answered '454 not now\\x1b[2J'" },
	{ STARTTLS_IMAP, { { NOTHING, TEXT("* PREAUTH welcome\r\n") } }, "it answered '* PREAUTH" },
	{ STARTTLS_IMAP,
	  { { NOTHING, TEXT("* OK\r\n") }, { TAGGED, TEXT("a1 NO\r\n") } },
	  "it answered 'a1 NO'" },
	{ STARTTLS_IMAP,
	  { { NOTHING, TEXT("* OK\r\n") }, { TAGGED, TEXT("* BYE\r\n") } },
	  "it answered '* BYE'" },
	{ STARTTLS_LDAP,
	  { { EXTENDED, TEXT("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00") } },
	  "the LDAP result 52" },
	/* the answer to another message; another kind of answer */
	{ STARTTLS_LDAP,
	  { { EXTENDED, TEXT("\x30\x0c\x02\x01\x02\x78\x07\x0a\x01\x00\x04\x00\x04\x00") } },
	  "not the one of LDAP" },
	{ STARTTLS_LDAP,
	  { { EXTENDED, TEXT("\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00") } },
	  "not the one of LDAP" },
	{ STARTTLS_LDAP, { { EXTENDED, TEXT("HTTP/1.1 400\r\n") } }, "does not speak LDAP" },
};

/* Plaintext behind an answer: somebody's, to be taken for the server's. */
static const struct talk injections[] = {
	{ STARTTLS_POSTGRES, { { SSL_REQUEST, TEXT("SR\0\0\0\x08") } }, "more than the answer" },
	{ STARTTLS_SMTP,
	  { { NOTHING, TEXT("220 x\r\n") },
	    { EHLO, TEXT("250 STARTTLS\r\n") },
	    { STARTTLS, TEXT("220 go ahead\r\n250 injected\r\n") } },
	  "STARTTLS: the server sent more than the answer" },
	{ STARTTLS_SMTP,
	  { { NOTHING, TEXT("220 x\r\n250 STARTTLS\r\n220 go ahead\r\n") } },
	  "the greeting: the server sent more than the answer" },
	{ STARTTLS_IMAP,
	  { { NOTHING, TEXT("* OK\r\n") }, { TAGGED, TEXT("a1 OK\r\n* OK injected\r\n") } },
	  "more than the answer" },
	{ STARTTLS_LDAP,
	  { { EXTENDED, TEXT("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00\x30") } },
	  "more than the answer" },
};

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

TEST(every_dialogue_ends_at_the_handshake)
{
	for (size_t i = 0; i < COUNT(good); i++)
		check(&good[i], 1000);
}

TEST(answers_may_come_byte_by_byte)
{
	for (size_t i = 0; i < COUNT(good); i++)
		check(&good[i], 1);
}

TEST(refusals_say_what_was_answered)
{
	for (size_t i = 0; i < COUNT(refusals); i++) {
		check(&refusals[i], 1000);
		check(&refusals[i], 1);
	}
}

TEST(plaintext_behind_an_answer_is_refused)
{
	for (size_t i = 0; i < COUNT(injections); i++)
		check(&injections[i], 1000);
}

/* Every answer, cut off anywhere: the server hangs up. */
TEST(a_server_that_hangs_up_is_told)
{
	for (size_t i = 1; i < COUNT(good); i++) {
		struct talk t = good[i];
		struct turn *last = t.turns;

		while (last[1].says.len)
			last++;
		t.why = "the server closed the connection";
		while (last->says.len-- > 1)
			check(&t, 1000);
	}
}

/* Says the same over and over; it must end long before it is tired. */
static void check_endless(enum starttls_kind kind, const char *first, const char *again)
{
	AUTO(arena) a = { 0 };
	const char *why = NULL;
	int ends[2];
	size_t said = strlen(first);
	enum starttls_result result = STARTTLS_GOES_ON;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	AUTO(starttls) s = starttls_open(kind, ends[0], &a);

	assert_int_equal(write(ends[1], first, said), said);
	while (result == STARTTLS_GOES_ON && said <= 2 * STARTTLS_LIMIT) {
		result = starttls_advance(s, &why);
		said += (size_t)write(ends[1], again, strlen(again));
	}
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(result, STARTTLS_FAILED);
	assert_non_null(strstr(why, "longer than the protocol"));
}

TEST(endless_answers_are_cut_off)
{
	check_endless(STARTTLS_SMTP, "220", "------------------------------");
	check_endless(STARTTLS_SMTP, "220-x\r\n", "220-and more\r\n");
	check_endless(STARTTLS_IMAP, "* OK\r\n", "* 1 EXISTS\r\n");
	check_endless(STARTTLS_IMAP, "* OK ", "------------------------------");
	check_endless(STARTTLS_LDAP, "\x30\x84\x01\x01\x01\x01", "------------------------------");
}
