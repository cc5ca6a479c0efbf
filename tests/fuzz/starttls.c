/* SPDX-License-Identifier: Apache-2.0 */
/* What a server says in the clear before a handshake. */
#include "harness.h"

#include "pki/starttls.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PIECE_MASK = 31
};

/*
 * The kind, then what the server says, a piece at each turn; how long each
 * is follows from the bytes in it.
 */
void fuzz_one(const uint8_t *bytes, size_t len)
{
	struct feed f = { bytes, len };
	enum starttls_kind kind = feed_byte(&f) % STARTTLS_KIND_COUNT;
	unsigned pieces = feed_byte(&f);
	enum starttls_result result = STARTTLS_GOES_ON;
	const char *why = NULL;
	AUTO(arena) a = { 0 };
	AUTO(starttls) s = NULL;
	int ends[2];

	if (kind == STARTTLS_NONE)
		return;
	HOLDS(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
	s = starttls_open(kind, ends[0], &a);
	while (result == STARTTLS_GOES_ON) {
		size_t some =
			pieces ? f.left && (*f.at & PIECE_MASK) ? *f.at & PIECE_MASK : 1 : f.left;

		some = some < f.left ? some : f.left;
		if (!some)
			shutdown(ends[1], SHUT_WR);
		else if (write(ends[1], f.at, some) < 0)
			break;
		f.at += some;
		f.left -= some;
		result = starttls_advance(s, &why);
		HOLDS(starttls_events(s) & (POLLIN | POLLOUT));
		if (!some && result == STARTTLS_GOES_ON)
			break; /* it has not read all that was said */
	}
	HOLDS((result == STARTTLS_FAILED) == (why != NULL));
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
	seed_many("\2\1", "220-a\r\n", "");
	seed_many("\3\1", "* a\r\n", "");
}
