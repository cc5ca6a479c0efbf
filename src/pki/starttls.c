/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/starttls.h"

#include "base/alloc.h"
#include "base/text.h"
#include "pki/der.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum starttls_reply {
	ANSWER_INCOMPLETE,
	ANSWER_GOOD,
	ANSWER_BAD /* `why` is set */
};

/* Consumes one reply from the received bytes. */
typedef enum starttls_reply answer_reader(struct starttls *s);

/* A request (may be empty: the server speaks first) and the reader of its reply. */
struct starttls_step {
	const char *name;
	const char *say;
	size_t len;
	answer_reader *read; /* NULL: end of the dialogue */
};

struct starttls {
	const struct starttls_step *exchange;
	int fd;
	struct arena *arena;
	size_t said;     /* bytes sent in this exchange */
	size_t heard;    /* bytes received in `in` */
	size_t taken;    /* bytes of `in` consumed */
	bool is_offered; /* SMTP: the EHLO reply lists STARTTLS */
	const char *why;
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

static enum starttls_reply starttls_reject(struct starttls *s, const char *why)
{
	s->why = arena_strdup(s->arena, why);
	return ANSWER_BAD;
}

static enum starttls_reply refuse_line(struct starttls *s, const struct reply_line *l)
{
	AUTO(buf) shown = { 0 };

	text_escape(&shown, l->text, l->len);
	s->why = arena_printf(s->arena, "it answered '%s'", buf_text(&shown));
	return ANSWER_BAD;
}

/* Consumes the next whole line; `out` is without the line end. */
static bool starttls_take_line(struct starttls *s, struct reply_line *out)
{
	const char *from = s->in + s->taken;
	const char *end = memchr(from, '\n', s->heard - s->taken);

	if (!end)
		return false;
	*out = (struct reply_line){ from, (size_t)(end - from) };
	if (out->len && end[-1] == '\r')
		out->len--;
	s->taken += (size_t)(end + 1 - from);
	return true;
}

/* --- PostgreSQL: SSLRequest, a message without a type --- */

static enum starttls_reply read_postgres(struct starttls *s)
{
	if (s->heard == s->taken)
		return ANSWER_INCOMPLETE;

	char answer = s->in[s->taken++];

	if (answer == 'N')
		return starttls_reject(s, "it does not offer TLS");
	if (answer == 'E')
		return starttls_reject(s, "it answered with an error");
	return answer == 'S' ? ANSWER_GOOD : starttls_reject(s, "it does not speak PostgreSQL");
}

static const struct starttls_step postgres[] = {
	{ "SSLRequest", "\0\0\0\x08\x04\xd2\x16\x2f", 8, read_postgres },
	{ 0 },
};

/* --- SMTP: RFC 3207; a reply is "250-..." lines and a last "250 ..." --- */

static enum starttls_reply read_smtp(struct starttls *s, const char *code)
{
	struct reply_line l;

	while (starttls_take_line(s, &l)) {
		struct reply_line rest = { l.text + 4, l.len < 4 ? 0 : l.len - 4 };

		if (!begins(&l, code))
			return refuse_line(s, &l);
		if (rest.len == 8 && begins(&rest, "STARTTLS"))
			s->is_offered = true;
		if (l.len == 3 || l.text[3] == ' ')
			return ANSWER_GOOD;
		if (l.text[3] != '-')
			return refuse_line(s, &l);
	}
	return ANSWER_INCOMPLETE;
}

static enum starttls_reply read_smtp_ready(struct starttls *s)
{
	return read_smtp(s, "220");
}

static enum starttls_reply read_smtp_ehlo(struct starttls *s)
{
	enum starttls_reply answer = read_smtp(s, "250");

	return answer == ANSWER_GOOD && !s->is_offered
		       ? starttls_reject(s, "it does not offer STARTTLS")
		       : answer;
}

#define SAY(text) text, sizeof(text) - 1

static const struct starttls_step smtp[] = {
	{ "the greeting", SAY(""), read_smtp_ready },
	{ "EHLO", SAY("EHLO [127.0.0.1]\r\n"), read_smtp_ehlo },
	{ "STARTTLS", SAY("STARTTLS\r\n"), read_smtp_ready },
	{ 0 },
};

/* --- IMAP: RFC 9051; "*" lines may precede the tagged response --- */

static enum starttls_reply read_imap_greeting(struct starttls *s)
{
	struct reply_line l;

	if (!starttls_take_line(s, &l))
		return ANSWER_INCOMPLETE;
	return begins(&l, "* OK") ? ANSWER_GOOD : refuse_line(s, &l);
}

static enum starttls_reply read_imap_answer(struct starttls *s)
{
	struct reply_line l;

	while (starttls_take_line(s, &l)) {
		if (begins(&l, "a1 OK"))
			return ANSWER_GOOD;
		if (!begins(&l, "* ") || begins(&l, "* BYE"))
			return refuse_line(s, &l);
	}
	return ANSWER_INCOMPLETE;
}

static const struct starttls_step imap[] = {
	{ "the greeting", SAY(""), read_imap_greeting },
	{ "STARTTLS", SAY("a1 STARTTLS\r\n"), read_imap_answer },
	{ 0 },
};

/* --- LDAP: RFC 4511, section 4.14, an extended operation --- */

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

static enum starttls_reply read_ldap(struct starttls *s)
{
	struct der heard = { (const unsigned char *)s->in + s->taken, s->heard - s->taken };
	struct der message = { 0 };
	struct der result = { 0 };

	if (heard.len < 2)
		return ANSWER_INCOMPLETE;
	if (!der_is(&heard, DER_SEQUENCE))
		return starttls_reject(s, "it does not speak LDAP");
	if (!der_take(&heard, DER_SEQUENCE, &message))
		return ANSWER_INCOMPLETE;
	s->taken = s->heard - heard.len;
	if (!read_ldap_result(message, &result))
		return starttls_reject(s, "its answer is not the one of LDAP");
	if (*result.bytes == 0)
		return ANSWER_GOOD;
	s->why = arena_printf(s->arena, "it answered with the LDAP result %u", *result.bytes);
	return ANSWER_BAD;
}

static const struct starttls_step ldap[] = {
	{ "the extended request", SAY("\x30\x1d\x02\x01\x01\x77\x18\x80\x16" LDAP_STARTTLS),
	  read_ldap },
	{ 0 },
};

/* --- all protocols --- */

static const struct starttls_step none[] = { { 0 } };

static const struct starttls_step *const dialogues[] = {
	[STARTTLS_NONE] = none, [STARTTLS_POSTGRES] = postgres, [STARTTLS_SMTP] = smtp,
	[STARTTLS_IMAP] = imap, [STARTTLS_LDAP] = ldap,
};
_Static_assert(sizeof(dialogues) / sizeof(*dialogues) == STARTTLS_KIND_COUNT,
	       "every kind has a dialogue");

struct starttls *starttls_open(enum starttls_kind kind, int fd, struct arena *a)
{
	struct starttls *s = xcalloc(1, sizeof(*s));

	s->exchange = dialogues[kind];
	s->fd = fd;
	s->arena = a;
	return s;
}

void starttls_close(struct starttls *s)
{
	free(s);
}

short starttls_events(const struct starttls *s)
{
	return s->said < s->exchange->len ? POLLOUT : POLLIN;
}

static bool must_wait(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* Sends the rest of the request.  STARTTLS_AGREED: all of it sent. */
static enum starttls_result starttls_say(struct starttls *s)
{
	const struct starttls_step *x = s->exchange;

	while (s->said < x->len) {
		ssize_t n = send(s->fd, x->say + s->said, x->len - s->said, MSG_NOSIGNAL);

		if (n < 0 && must_wait())
			return STARTTLS_GOES_ON;
		if (n < 0) {
			starttls_reject(s, strerror(errno));
			return STARTTLS_FAILED;
		}
		s->said += (size_t)n;
	}
	return STARTTLS_AGREED;
}

/* Receives more bytes.  STARTTLS_AGREED: at least one. */
static enum starttls_result starttls_receive(struct starttls *s)
{
	if (s->heard == sizeof(s->in)) {
		starttls_reject(s, "the server's answer is longer than the protocol allows");
		return STARTTLS_FAILED;
	}

	ssize_t n = recv(s->fd, s->in + s->heard, sizeof(s->in) - s->heard, 0);

	if (n < 0 && must_wait())
		return STARTTLS_GOES_ON;
	if (n <= 0) {
		starttls_reject(s, n < 0 ? strerror(errno) : "the server closed the connection");
		return STARTTLS_FAILED;
	}
	s->heard += (size_t)n;
	return STARTTLS_AGREED;
}

/* Runs one exchange.  STARTTLS_AGREED: reply accepted. */
static enum starttls_result starttls_converse(struct starttls *s)
{
	enum starttls_result result = starttls_say(s);

	while (result == STARTTLS_AGREED) {
		enum starttls_reply answer = s->exchange->read(s);

		if (answer == ANSWER_BAD)
			return STARTTLS_FAILED;
		if (answer == ANSWER_GOOD && s->taken == s->heard)
			return STARTTLS_AGREED;
		if (answer == ANSWER_GOOD) {
			starttls_reject(s, "the server sent more than the answer before TLS began");
			return STARTTLS_FAILED;
		}
		result = starttls_receive(s);
	}
	return result;
}

enum starttls_result starttls_advance(struct starttls *s, const char **why)
{
	for (; s->exchange->read; s->exchange++) {
		enum starttls_result result = starttls_converse(s);

		if (result == STARTTLS_FAILED)
			*why = arena_printf(s->arena, "%s: %s", s->exchange->name, s->why);
		if (result != STARTTLS_AGREED)
			return result;
		s->said = 0;
	}
	return STARTTLS_AGREED;
}
