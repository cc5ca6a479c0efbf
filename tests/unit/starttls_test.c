/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/starttls.h"
#include "test.h"

#include "base/clock.h"
#include "base/loop.h"

#include <fcntl.h>
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
#define STLS TEXT("STLS\r\n")
#define AUTH TEXT("AUTH TLS\r\n")
#define STREAM                                                                      \
	TEXT("<?xml version='1.0'?><stream:stream to='chat.example' version='1.0' " \
	     "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
#define XMPP_TLS "xmlns='urn:ietf:params:xml:ns:xmpp-tls'"
#define FEATURES                                                                               \
	TEXT("<?xml version='1.0'?><stream:stream id='1'><stream:features><starttls " XMPP_TLS \
	     "><required/></starttls></stream:features>")
#define ASK_XMPP TEXT("<starttls " XMPP_TLS "/>")
/* a handshake packet of a server, with these flags */
#define MYSQL(low, high)      \
	TEXT("\x1f\0\0\0\x0a" \
	     "10.11\0"        \
	     "\1\0\0\0"       \
	     "abcdefgh\0" low high "\x21\2\0\xff\x81\x15\0\0\0")
#define SSL_PACKET \
	TEXT("\x20\0\0\1\0\x8a\0\0\0\0\0\1\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")

/* A dialogue between two tasks of a loop. */
struct stage {
	const struct talk *talk;
	size_t at_once; /* bytes of an answer at a time */
	int ends[2];
	struct arena *arena;
	bool agreed;
	const char *why;
	bool unheard; /* the server was not asked what it expects */
	size_t said;  /* by a server without end */
	bool ended;
};

static void client_main(void *ctx)
{
	struct stage *s = ctx;

	const struct starttls_ask ask = { s->talk->kind, "chat.example", s->ends[0],
					  clock_mono_ms() + PATIENCE_MS };

	s->agreed = starttls_agree(&ask, s->arena, &s->why);
	s->ended = true;
	close(s->ends[0]);
}

/* Returns when the client has read what was said, or has ended. */
static void let_the_client_read(const struct stage *s)
{
	assert_true(loop_wait(s->ends[1], POLLOUT, clock_mono_ms() + PATIENCE_MS));
}

static void server_main(void *ctx)
{
	struct stage *s = ctx;

	for (size_t i = 0; i < 4 && (s->talk->turns[i].says.len || s->talk->turns[i].expects.len);
	     i++) {
		struct pair_file expects = s->talk->turns[i].expects;
		struct pair_file says = s->talk->turns[i].says;
		char heard[256];

		if (expects.len &&
		    (!loop_wait(s->ends[1], POLLIN, clock_mono_ms() + PATIENCE_MS) ||
		     read(s->ends[1], heard, sizeof(heard)) != (ssize_t)expects.len ||
		     memcmp(heard, expects.bytes, expects.len) != 0))
			s->unheard = true;
		for (size_t k = 0; k < says.len && !s->ended; k += s->at_once) {
			size_t n = says.len - k < s->at_once ? says.len - k : s->at_once;

			s->unheard |=
				send(s->ends[1], says.bytes + k, n, MSG_NOSIGNAL) != (ssize_t)n;
			let_the_client_read(s);
		}
	}
	close(s->ends[1]);
}

static void play(struct stage *s, fiber_fn *server)
{
	AUTO(loop) loop = loop_new(2);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s->ends), 0);
	loop_add(loop, NULL, client_main, s);
	loop_add(loop, NULL, server, s);
	loop_run(loop);
}

static void check(const struct talk *t, size_t at_once)
{
	AUTO(arena) a = { 0 };
	struct stage s = { .talk = t, .at_once = at_once, .arena = &a };

	play(&s, server_main);
	assert_false(s.unheard);
	assert_int_equal(s.agreed, !t->why);
	if (!t->why) {
		assert_null(s.why);
		return;
	}
	assert_non_null(s.why);
	if (!strstr(s.why, t->why))
		fail_msg("'%s' does not name '%s'", s.why, t->why);
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
	{ STARTTLS_POP3,
	  { { NOTHING, TEXT("+OK ready\r\n") }, { STLS, TEXT("+OK begin\r\n") } },
	  NULL },
	{ STARTTLS_FTP,
	  { { NOTHING, TEXT("220-welcome\r\n to you\r\n2200 files\r\n220 now\r\n") },
	    { AUTH, TEXT("234 go\r\n") } },
	  NULL },
	{ STARTTLS_MYSQL, { { NOTHING, MYSQL("\xfe", "\xff") }, { SSL_PACKET, NOTHING } }, NULL },
	{ STARTTLS_XMPP,
	  { { STREAM, FEATURES }, { ASK_XMPP, TEXT("<proceed " XMPP_TLS "/>") } },
	  NULL },
	{ STARTTLS_SIEVE,
	  { { NOTHING, TEXT("\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n") },
	    { STARTTLS, TEXT("OK \"begin\"\r\n") } },
	  NULL },
};

static const struct talk refusals[] = {
	{ STARTTLS_POP3, { { NOTHING, TEXT("-ERR later\r\n") } }, "it answered '-ERR later'" },
	{ STARTTLS_POP3,
	  { { NOTHING, TEXT("+OK\r\n") }, { STLS, TEXT("-ERR no\r\n") } },
	  "STLS: it answered '-ERR no'" },
	{ STARTTLS_FTP, { { NOTHING, TEXT("421 full\r\n") } }, "it answered '421 full'" },
	{ STARTTLS_FTP, { { NOTHING, TEXT("SSH-2.0-x\r\n") } }, "it answered 'SSH-2.0-x'" },
	{ STARTTLS_FTP,
	  { { NOTHING, TEXT("220 x\r\n") }, { AUTH, TEXT("502 what?\r\n") } },
	  "AUTH TLS: it answered '502 what?'" },
	{ STARTTLS_MYSQL, { { NOTHING, MYSQL("\xfe", "\xf7") } }, "does not offer TLS" },
	{ STARTTLS_MYSQL,
	  { { NOTHING, TEXT("\x07\0\0\0\xff\x6a\x04"
			    "host") } },
	  "the greeting: it answered 'host'" },
	{ STARTTLS_MYSQL, { { NOTHING, TEXT("220 x\r\n") } }, "does not speak MySQL" },
	{ STARTTLS_MYSQL, { { NOTHING, TEXT("\2\0\0\0\x0a\0") } }, "does not speak MySQL" },
	{ STARTTLS_XMPP,
	  { { STREAM, TEXT("<stream:stream><stream:features></stream:features>") } },
	  "does not offer STARTTLS" },
	{ STARTTLS_XMPP,
	  { { STREAM,
	      TEXT("<stream:stream><stream:error><host-unknown/></stream:error></stream:stream>") } },
	  "host-unknown" },
	{ STARTTLS_XMPP,
	  { { STREAM, FEATURES }, { ASK_XMPP, TEXT("<failure " XMPP_TLS "/>") } },
	  "STARTTLS: it answered '<failure" },
	{ STARTTLS_XMPP, { { STREAM, TEXT("HTTP/1.1 400\r\n") } }, "does not speak XMPP" },
	{ STARTTLS_SIEVE,
	  { { NOTHING, TEXT("\"SIEVE\" \"\"\r\nOK\r\n") } },
	  "does not offer STARTTLS" },
	{ STARTTLS_SIEVE, { { NOTHING, TEXT("BYE\r\n") } }, "it answered 'BYE'" },
	{ STARTTLS_SIEVE,
	  { { NOTHING, TEXT("\"STARTTLS\"\r\nOK\r\n") }, { STARTTLS, TEXT("NO\r\n") } },
	  "it answered 'NO'" },
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
	{ STARTTLS_POP3,
	  { { NOTHING, TEXT("+OK\r\n") }, { STLS, TEXT("+OK\r\n+OK\r\n") } },
	  "more than the answer" },
	{ STARTTLS_FTP,
	  { { NOTHING, TEXT("220 x\r\n") }, { AUTH, TEXT("234 x\r\n230 y\r\n") } },
	  "more than the answer" },
	{ STARTTLS_MYSQL,
	  { { NOTHING, TEXT("\6\0\0\0\x0a"
			    "a\0"
			    "bcd\7") } },
	  "does not speak MySQL" },
	{ STARTTLS_XMPP,
	  { { STREAM, FEATURES }, { ASK_XMPP, TEXT("<proceed " XMPP_TLS "/> ") } },
	  "more than the answer" },
	{ STARTTLS_SIEVE,
	  { { NOTHING, TEXT("\"STARTTLS\"\r\nOK\r\n") }, { STARTTLS, TEXT("OK\r\nOK\r\n") } },
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
		last[1].expects.len = 0;
		t.why = "the server closed the connection";
		while (last->says.len-- > 1)
			check(&t, 1000);
	}
}

/* Says the same over and over; it must end long before it is tired. */
static void endless_main(void *ctx)
{
	struct stage *s = ctx;
	struct pair_file first = s->talk->turns[0].says;
	struct pair_file again = s->talk->turns[1].says;

	s->said = (size_t)write(s->ends[1], first.bytes, first.len);
	while (!s->ended && s->said <= 2 * STARTTLS_LIMIT) {
		let_the_client_read(s);
		if (!s->ended)
			s->said += (size_t)write(s->ends[1], again.bytes, again.len);
	}
	close(s->ends[1]);
}

static void check_endless(enum starttls_kind kind, const char *first, const char *again)
{
	AUTO(arena) a = { 0 };
	const struct talk t = { kind,
				{ { NOTHING, { first, strlen(first) } },
				  { NOTHING, { again, strlen(again) } } },
				NULL };
	struct stage s = { .talk = &t, .arena = &a };

	play(&s, endless_main);
	assert_false(s.agreed);
	assert_in_range(s.said, 1, 2 * STARTTLS_LIMIT);
	assert_non_null(strstr(s.why, "longer than the protocol"));
}

TEST(endless_answers_are_cut_off)
{
	check_endless(STARTTLS_SMTP, "220", "------------------------------");
	check_endless(STARTTLS_SMTP, "220-x\r\n", "220-and more\r\n");
	check_endless(STARTTLS_IMAP, "* OK\r\n", "* 1 EXISTS\r\n");
	check_endless(STARTTLS_IMAP, "* OK ", "------------------------------");
	check_endless(STARTTLS_POP3, "+OK", "------------------------------");
	check_endless(STARTTLS_FTP, "220-x\r\n", "and more\r\n");
	check_endless(STARTTLS_XMPP, "<stream:stream>", "<and><more>");
	check_endless(STARTTLS_SIEVE, "\"A\"\r\n", "\"and more\"\r\n");
	check_endless(STARTTLS_LDAP, "\x30\x84\x01\x01\x01\x01", "------------------------------");
}
