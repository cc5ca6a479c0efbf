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
	struct arena *arena;
	const char *step; /* for messages */
	bool is_offered;  /* SMTP: the EHLO reply lists STARTTLS */
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

static bool (*const dialogues[])(struct starttls *) = {
	[STARTTLS_NONE] = NULL,      [STARTTLS_POSTGRES] = talk_postgres,
	[STARTTLS_SMTP] = talk_smtp, [STARTTLS_IMAP] = talk_imap,
	[STARTTLS_LDAP] = talk_ldap,
};
_Static_assert(sizeof(dialogues) / sizeof(*dialogues) == STARTTLS_KIND_COUNT,
	       "every kind has a dialogue");

bool starttls_agree(enum starttls_kind kind, int fd, int64_t end_ms, struct arena *a,
		    const char **why)
{
	struct starttls *s = NULL;
	bool agreed = false;

	if (!dialogues[kind])
		return true;
	s = xcalloc(1, sizeof(*s));
	s->fd = fd;
	s->end_ms = end_ms;
	s->arena = a;
	agreed = dialogues[kind](s) && starttls_ends_there(s);
	if (!agreed)
		*why = s->why;
	free(s);
	return agreed;
}
