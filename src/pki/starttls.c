/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/starttls.h"

#include "base/alloc.h"
#include "base/loop.h"
#include "base/text.h"
#include "pki/der.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

struct starttls {
	int fd;
	int64_t end_ms;
	const char *name;
	struct arena *arena;
	const char *step; /* for messages */
	bool is_offered;  /* SMTP: the EHLO reply lists STARTTLS; likewise SIEVE */
	const char *why;  /* of a failure; NULL: a wait has ended */
	size_t heard;     /* bytes received in `in` */
	size_t taken;     /* bytes of `in` consumed */
	char in[STARTTLS_LIMIT];
};

struct reply_line {
	const char *text;
	size_t len;
};

static bool begins(const struct reply_line *l, const char *with)
{
	size_t len = strlen(with);

	return l->len >= len && strncasecmp(l->text, with, len) == 0;
}

static bool starttls_reject(struct starttls *s, const char *why)
{
	s->why = arena_printf(s->arena, "%s: %s", s->step, why);
	return false;
}

static bool refuse_line(struct starttls *s, const struct reply_line *l)
{
	AUTO(buf) shown = { 0 };

	text_escape(&shown, l->text, l->len);
	s->why = arena_printf(s->arena, "%s: it answered '%s'", s->step, buf_text(&shown));
	return false;
}

/* Every byte that was received belongs to the replies so far. */
static bool starttls_ends_there(struct starttls *s)
{
	return s->taken == s->heard ||
	       starttls_reject(s, "the server sent more than the answer before TLS began");
}

/* Begins a step with a request; empty: the server speaks first. */
static bool starttls_say(struct starttls *s, const char *step, const char *text, size_t len)
{
	if (!starttls_ends_there(s))
		return false;
	s->step = step;
	for (size_t said = 0; said < len;) {
		ssize_t n = send(s->fd, text + said, len - said, MSG_NOSIGNAL);

		if (n >= 0)
			said += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			return starttls_reject(s, strerror(errno));
		else if (!loop_wait(s->fd, POLLOUT, s->end_ms))
			return false;
	}
	return true;
}

/* Receives more bytes. */
static bool hear(struct starttls *s)
{
	if (s->heard == sizeof(s->in))
		return starttls_reject(s, "the server's answer is longer than the protocol allows");
	for (;;) {
		ssize_t n = recv(s->fd, s->in + s->heard, sizeof(s->in) - s->heard, 0);

		if (n > 0) {
			s->heard += (size_t)n;
			return true;
		}
		if (n == 0)
			return starttls_reject(s, "the server closed the connection");
		if (errno != EAGAIN && errno != EINTR)
			return starttls_reject(s, strerror(errno));
		if (!loop_wait(s->fd, POLLIN, s->end_ms))
			return false;
	}
}

/* Receives and consumes the next whole line; `out` is without the line end. */
static bool hear_line(struct starttls *s, struct reply_line *out)
{
	const char *from = s->in + s->taken;
	const char *end = NULL;

	for (;;) {
		end = memchr(from, '\n', s->heard - s->taken);
		if (end)
			break;
		if (!hear(s))
			return false;
	}
	*out = (struct reply_line){ from, (size_t)(end - from) };
	if (out->len && end[-1] == '\r')
		out->len--;
	s->taken += (size_t)(end + 1 - from);
	return true;
}

#define SAY(text) text, sizeof(text) - 1

/* PostgreSQL: SSLRequest, a message without a type. */
static bool talk_postgres(struct starttls *s)
{
	if (!starttls_say(s, "SSLRequest", SAY("\0\0\0\x08\x04\xd2\x16\x2f")) || !hear(s))
		return false;
	switch (s->in[s->taken++]) {
	case 'S':
		return true;
	case 'N':
		return starttls_reject(s, "it does not offer TLS");
	case 'E':
		return starttls_reject(s, "it answered with an error");
	default:
		return starttls_reject(s, "it does not speak PostgreSQL");
	}
}

/* A reply of SMTP is "250-..." lines and a last "250 ...". */
static bool hear_smtp(struct starttls *s, const char *code)
{
	struct reply_line l = { 0 };

	while (hear_line(s, &l)) {
		struct reply_line rest = { l.text + 4, l.len < 4 ? 0 : l.len - 4 };

		if (!begins(&l, code))
			return refuse_line(s, &l);
		if (rest.len == 8 && begins(&rest, "STARTTLS"))
			s->is_offered = true;
		if (l.len == 3 || l.text[3] == ' ')
			return true;
		if (l.text[3] != '-')
			return refuse_line(s, &l);
	}
	return false;
}

/* SMTP: RFC 3207. */
static bool talk_smtp(struct starttls *s)
{
	if (!starttls_say(s, "the greeting", SAY("")) || !hear_smtp(s, "220") ||
	    !starttls_say(s, "EHLO", SAY("EHLO [127.0.0.1]\r\n")) || !hear_smtp(s, "250"))
		return false;
	if (!s->is_offered)
		return starttls_reject(s, "it does not offer STARTTLS");
	return starttls_say(s, "STARTTLS", SAY("STARTTLS\r\n")) && hear_smtp(s, "220");
}

/* IMAP: RFC 9051; "*" lines may precede the tagged response. */
static bool talk_imap(struct starttls *s)
{
	struct reply_line l = { 0 };

	if (!starttls_say(s, "the greeting", SAY("")) || !hear_line(s, &l))
		return false;
	if (!begins(&l, "* OK"))
		return refuse_line(s, &l);
	if (!starttls_say(s, "STARTTLS", SAY("a1 STARTTLS\r\n")))
		return false;
	while (hear_line(s, &l)) {
		if (begins(&l, "a1 OK"))
			return true;
		if (!begins(&l, "* ") || begins(&l, "* BYE"))
			return refuse_line(s, &l);
	}
	return false;
}

#define LDAP_STARTTLS "1.3.6.1.4.1.1466.20037"

/* Message 1 must be an ExtendedResponse; its first element is the resultCode. */
static bool read_ldap_result(struct der message, struct der *result)
{
	struct der response = { 0 };
	unsigned id = 0;

	return der_take_count(&message, &id) && id == 1 &&
	       der_take(&message, DER_LDAP_EXTENDED_RESPONSE, &response) &&
	       der_take(&response, DER_ENUMERATED, result) && result->len == 1;
}

/* LDAP: RFC 4511, section 4.14, an extended operation. */
static bool talk_ldap(struct starttls *s)
{
	struct der heard = { 0 };
	struct der message = { 0 };
	struct der result = { 0 };

	if (!starttls_say(s, "the extended request",
			  SAY("\x30\x1d\x02\x01\x01\x77\x18\x80\x16" LDAP_STARTTLS)))
		return false;
	do {
		if (!hear(s))
			return false;
		heard = (struct der){ (const unsigned char *)s->in, s->heard };
		if (heard.len > 1 && !der_is(&heard, DER_SEQUENCE))
			return starttls_reject(s, "it does not speak LDAP");
	} while (!der_take(&heard, DER_SEQUENCE, &message));
	s->taken = s->heard - heard.len;
	if (!read_ldap_result(message, &result))
		return starttls_reject(s, "its answer is not the one of LDAP");
	if (*result.bytes == 0)
		return true;
	s->why = arena_printf(s->arena, "%s: it answered with the LDAP result %u", s->step,
			      *result.bytes);
	return false;
}

/* POP3: RFC 2595. */
static bool talk_pop3(struct starttls *s)
{
	struct reply_line l = { 0 };

	if (!starttls_say(s, "the greeting", SAY("")) || !hear_line(s, &l))
		return false;
	if (!begins(&l, "+OK"))
		return refuse_line(s, &l);
	if (!starttls_say(s, "STLS", SAY("STLS\r\n")) || !hear_line(s, &l))
		return false;
	return begins(&l, "+OK") || refuse_line(s, &l);
}

/* A reply of FTP is one line "220 ...", or "220-...", any lines, and "220 ..." at the end. */
static bool hear_ftp(struct starttls *s, const char *code)
{
	struct reply_line l = { 0 };
	bool first = true;

	while (hear_line(s, &l)) {
		bool coded = begins(&l, code);

		if (first && !coded)
			return refuse_line(s, &l);
		if (coded && (l.len == 3 || l.text[3] == ' '))
			return true;
		if (first && l.text[3] != '-')
			return refuse_line(s, &l);
		first = false;
	}
	return false;
}

/* FTP: RFC 4217. */
static bool talk_ftp(struct starttls *s)
{
	return starttls_say(s, "the greeting", SAY("")) && hear_ftp(s, "220") &&
	       starttls_say(s, "AUTH TLS", SAY("AUTH TLS\r\n")) && hear_ftp(s, "234");
}

enum {
	MYSQL_HEAD = 4, /* of a packet: its length in three bytes, its number */
	MYSQL_VERSION = 10,
	MYSQL_ERROR = 0xff,
	MYSQL_BEFORE_FLAGS = 4 + 8 + 1, /* between the server's version and its flags */
	MYSQL_SSL = 0x08,               /* in the second byte of the flags */
};

/* Receives the first packet, number 0. */
static bool hear_mysql(struct starttls *s, struct reply_line *out)
{
	const unsigned char *head = (const unsigned char *)s->in;
	size_t len = 0;

	while (s->heard < MYSQL_HEAD)
		if (!hear(s))
			return false;
	len = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
	if (head[3] || !len || len > sizeof(s->in) - MYSQL_HEAD)
		return starttls_reject(s, "it does not speak MySQL");
	while (s->heard < MYSQL_HEAD + len)
		if (!hear(s))
			return false;
	s->taken = MYSQL_HEAD + len;
	*out = (struct reply_line){ s->in + MYSQL_HEAD, len };
	return true;
}

/* MySQL and MariaDB: an SSLRequest in answer to the server's handshake packet. */
static bool talk_mysql(struct starttls *s)
{
	/* 32 bytes, number 1: PROTOCOL_41, SSL and SECURE_CONNECTION; 16 MiB; utf8; zeros */
	static const char request[MYSQL_HEAD + 32] = "\x20\0\0\x01\0\x8a\0\0\0\0\0\x01\x21";
	struct reply_line packet = { 0 };
	const char *version_end = NULL;
	size_t flags = 0;

	if (!starttls_say(s, "the greeting", SAY("")) || !hear_mysql(s, &packet))
		return false;
	if ((unsigned char)packet.text[0] == MYSQL_ERROR) {
		size_t text = packet.len < 3 ? packet.len : 3;

		return refuse_line(s,
				   &(struct reply_line){ packet.text + text, packet.len - text });
	}
	version_end = memchr(packet.text, '\0', packet.len);
	if (packet.text[0] != MYSQL_VERSION || !version_end)
		return starttls_reject(s, "it does not speak MySQL");
	flags = (size_t)(version_end + 1 - packet.text) + MYSQL_BEFORE_FLAGS;
	if (flags + 2 > packet.len)
		return starttls_reject(s, "it does not speak MySQL");
	if (!(packet.text[flags + 1] & MYSQL_SSL))
		return starttls_reject(s, "it does not offer TLS");
	return starttls_say(s, "SSLRequest", request, sizeof(request));
}

#define XMPP_TLS "urn:ietf:params:xml:ns:xmpp-tls"

/* Receives until `end`; the text up to it is in *out. */
static bool hear_until(struct starttls *s, const char *end, struct reply_line *out)
{
	const char *from = s->in + s->taken;
	const char *at = NULL;

	for (;;) {
		size_t len = s->heard - s->taken;

		at = bytes_find(from, len, end);
		if (at)
			break;
		if (len && *from != '<')
			return starttls_reject(s, "it does not speak XMPP");
		if (bytes_find(from, len, "</stream:stream>"))
			return refuse_line(s, &(struct reply_line){ from, len });
		if (!hear(s))
			return false;
	}
	*out = (struct reply_line){ from, (size_t)(at - from) + strlen(end) };
	s->taken += out->len;
	return true;
}

static bool line_has(struct reply_line l, const char *what)
{
	return bytes_find(l.text, l.len, what) != NULL;
}

/*
 * XMPP: RFC 6120, section 5.  Elements are found by their text, as servers write them
 * before anything is negotiated.
 */
static bool talk_xmpp(struct starttls *s)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";
	bool named = s->name && *s->name && !s->name[strspn(s->name, plain)];
	const char *opening = arena_printf(
		s->arena,
		"<?xml version='1.0'?><stream:stream%s%s%s version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
		named ? " to='" : "", named ? s->name : "", named ? "'" : "");
	struct reply_line features = { 0 };
	struct reply_line answer = { 0 };

	if (!starttls_say(s, "the stream", opening, strlen(opening)) ||
	    !hear_until(s, "</stream:features>", &features))
		return false;
	if (!line_has(features, XMPP_TLS))
		return starttls_reject(s, "it does not offer STARTTLS");
	if (!starttls_say(s, "STARTTLS", SAY("<starttls xmlns='" XMPP_TLS "'/>")) ||
	    !hear_until(s, ">", &answer))
		return false;
	return (line_has(answer, "<proceed") && line_has(answer, XMPP_TLS)) ||
	       refuse_line(s, &answer);
}

/* Receives a reply of ManageSieve: lines of capabilities, then OK. */
static bool hear_sieve(struct starttls *s)
{
	struct reply_line l = { 0 };

	while (hear_line(s, &l)) {
		if (begins(&l, "OK"))
			return true;
		if (!begins(&l, "\""))
			return refuse_line(s, &l);
		if (l.len == 10 && begins(&l, "\"STARTTLS\""))
			s->is_offered = true;
	}
	return false;
}

/* ManageSieve: RFC 5804. */
static bool talk_sieve(struct starttls *s)
{
	if (!starttls_say(s, "the greeting", SAY("")) || !hear_sieve(s))
		return false;
	if (!s->is_offered)
		return starttls_reject(s, "it does not offer STARTTLS");
	return starttls_say(s, "STARTTLS", SAY("STARTTLS\r\n")) && hear_sieve(s);
}

static bool (*const dialogues[])(struct starttls *) = {
	[STARTTLS_NONE] = NULL,      [STARTTLS_POSTGRES] = talk_postgres,
	[STARTTLS_SMTP] = talk_smtp, [STARTTLS_IMAP] = talk_imap,
	[STARTTLS_LDAP] = talk_ldap, [STARTTLS_POP3] = talk_pop3,
	[STARTTLS_FTP] = talk_ftp,   [STARTTLS_MYSQL] = talk_mysql,
	[STARTTLS_XMPP] = talk_xmpp, [STARTTLS_SIEVE] = talk_sieve,
};
_Static_assert(sizeof(dialogues) / sizeof(*dialogues) == STARTTLS_KIND_COUNT,
	       "every kind has a dialogue");

bool starttls_agree(const struct starttls_ask *ask, struct arena *a, const char **why)
{
	struct starttls *s = NULL;
	bool agreed = false;

	if (!dialogues[ask->kind])
		return true;
	s = xcalloc(1, sizeof(*s));
	s->fd = ask->fd;
	s->end_ms = ask->end_ms;
	s->name = ask->name;
	s->arena = a;
	agreed = dialogues[ask->kind](s) && starttls_ends_there(s);
	if (!agreed)
		*why = s->why;
	free(s);
	return agreed;
}
