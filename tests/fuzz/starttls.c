/* SPDX-License-Identifier: Apache-2.0 */
/* What a server says in the clear before a handshake. */
#include "harness.h"

#include "base/loop.h"
#include "pki/starttls.h"

#include <sys/socket.h>
#include <unistd.h>

enum {
	PIECE_MASK = 31
};

static struct feed said;
static bool in_pieces;
static int server = -1;

/* In the place of the loop's: the server says the next piece, and hangs up in the end. */
bool loop_wait(int fd, short events, int64_t end_ms)
{
	size_t some = !in_pieces                             ? said.left
		      : said.left && (*said.at & PIECE_MASK) ? *said.at & PIECE_MASK
							     : 1;

	(void)fd;
	(void)end_ms;
	HOLDS(events == POLLIN || events == POLLOUT);
	some = some < said.left ? some : said.left;
	if (!some)
		shutdown(server, SHUT_WR);
	else if (write(server, said.at, some) < 0)
		return false;
	said.at += some;
	said.left -= some;
	return true;
}

/*
 * The kind, then what the server says, a piece at each turn; how long each
 * is follows from the bytes in it.
 */
void fuzz_one(const uint8_t *bytes, size_t len)
{
	enum starttls_kind kind = STARTTLS_NONE;
	const char *why = NULL;
	AUTO(arena) a = { 0 };
	int ends[2];

	said = (struct feed){ bytes, len };
	kind = feed_byte(&said) % STARTTLS_KIND_COUNT;
	in_pieces = feed_byte(&said);
	if (kind == STARTTLS_NONE)
		return;
	HOLDS(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
	server = ends[1];
	HOLDS(starttls_agree(&(struct starttls_ask){ kind, "x.example", ends[0], INT64_MAX }, &a,
			     &why) == !why);
	close(ends[0]);
	close(ends[1]);
}

static void seed_kind(enum starttls_kind kind, const void *bytes, size_t len)
{
	for (unsigned pieces = 0; pieces < 2; pieces++) {
		AUTO(buf) out = { 0 };

		buf_putc(&out, (char)kind);
		buf_putc(&out, (char)pieces);
		buf_add(&out, bytes, len);
		seed(out.data, out.len);
	}
}

#define MYSQL_GREETING   \
	"\x1f\0\0\0\x0a" \
	"10.11\0"        \
	"\1\0\0\0"       \
	"abcdefgh\0"     \
	"\xfe\xff"       \
	"\x21\2\0\xff\x81\x15\0\0\0"

#define SEED(kind, text) seed_kind(kind, text, sizeof(text) - 1)

void fuzz_seeds(void)
{
	SEED(STARTTLS_POSTGRES, "S");
	SEED(STARTTLS_POSTGRES, "N");
	SEED(STARTTLS_POSTGRES, "ESERROR");
	SEED(STARTTLS_SMTP, "220-mx.example ESMTP\r\n220 x\r\n250-mx\r\n250-SIZE 1\r\n"
			    "250 STARTTLS\r\n220 go ahead\r\n");
	SEED(STARTTLS_SMTP, "554 no\r\n");
	SEED(STARTTLS_IMAP, "* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"
			    "* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n"
			    "a2 OK begin\r\n");
	SEED(STARTTLS_IMAP, "* BYE\r\n");
	SEED(STARTTLS_LDAP, "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00");
	SEED(STARTTLS_LDAP,
	     "\x30\x84\x00\x00\x00\x0c\x02\x01\x01\x78\x84\x00\x00\x00\x03\x0a\x01\x00");
	SEED(STARTTLS_POP3, "+OK ready\r\n+OK begin\r\n");
	SEED(STARTTLS_FTP, "220-a\r\n b\r\n220 x\r\n234 go\r\n");
	SEED(STARTTLS_MYSQL, MYSQL_GREETING);
	SEED(STARTTLS_MYSQL, "\x06\0\0\0\xff\x6a\x04host");
	SEED(STARTTLS_XMPP,
	     "<stream:stream><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features><proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	SEED(STARTTLS_SIEVE, "\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK\r\nOK\r\n");
	seed_many("\2\1", "220-a\r\n", "");
	seed_many("\3\1", "* a\r\n", "");
}
