/* SPDX-License-Identifier: Apache-2.0 */
/* What a script on another machine says, in pieces, on either channel. */
#include "harness.h"

#include "base/loop.h"
#include "remote/ssh_internal.h"

#include <stdlib.h>

static struct feed said;
static unsigned way;

/* ---- in place of libssh2 ---- */

ssize_t __wrap_libssh2_channel_read_ex(LIBSSH2_CHANNEL *channel, int stream, char *out,
				       size_t room);
ssize_t __wrap_libssh2_channel_read_ex(LIBSSH2_CHANNEL *channel, int stream, char *out, size_t room)
{
	size_t some = 0;

	(void)channel;
	if (way & 1 && !stream)
		return 0; /* all of it comes as errors */
	some = way & 2 && said.left ? *said.at + 1u : room;
	some = some < room ? some : room;
	some = some < said.left ? some : said.left;
	if (!some)
		return way & 4 ? LIBSSH2_ERROR_EAGAIN : 0;
	memcpy(out, said.at, some);
	said.at += some;
	said.left -= some;
	return (ssize_t)some;
}

int __wrap_libssh2_session_block_directions(LIBSSH2_SESSION *session);
int __wrap_libssh2_session_block_directions(LIBSSH2_SESSION *session)
{
	(void)session;
	return LIBSSH2_SESSION_BLOCK_INBOUND;
}

/* In the place of the loop's: what is waited for is the end. */
bool __wrap_loop_wait(int fd, short events, int64_t end_ms);
bool __wrap_loop_wait(int fd, short events, int64_t end_ms)
{
	(void)fd;
	(void)end_ms;
	HOLDS(events == POLLIN);
	way &= ~4U;
	return true;
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	AUTO(arena) a = { 0 };
	struct ssh_ask ask = { .arena = &a };
	struct ssh s = { .fd = -1, .ask = &ask, .login = { .host = "h", .user = "u" } };
	struct ssh_op op = { .kind = SSH_RUN, .end = "certfleet end ", .status = -1 };
	bool good = false;

	said = (struct feed){ bytes, len };
	way = feed_byte(&said) - '0';
	s.output = malloc(SSH_OUTPUT_LIMIT);
	s.end_ms = INT64_MAX;
	good = ssh_run_output(&s, &op);
	HOLDS(op.text && strlen(op.text) <= SSH_OUTPUT_LIMIT && good == (op.status == 0));
	free(s.output);
}

void fuzz_seeds(void)
{
	AUTO(buf) much = { 0 };

	seed_text("0certfleet uid 0\ncertfleet groups 0 4\n\n"
		  "certfleet end 0\n");
	seed_text("1sh: 1: nothing: not found\n\ncertfleet end 127\n");
	seed_text("2certfleet end 0\ncertfleet end 5\nmore\n");
	seed_text("4certfleet end \n");
	seed_text("0This account is not available.\n");
	buf_putc(&much, '0');
	while (much.len < 20000)
		buf_puts(&much, "one line of many, and then the next one\n");
	buf_puts(&much, "certfleet end 3\n");
	seed(much.data, much.len);
	buf_release(&much);
	buf_putc(&much, '0');
	while (much.len < SSH_OUTPUT_LIMIT - 15)
		buf_puts(&much, "\n");
	buf_puts(&much, "certfleet end \n");
	seed(much.data, much.len);
	/* a line break in each of many small pieces */
	much.data[0] = '2';
	for (size_t i = 1; i < much.len; i++)
		much.data[i] = i % 2 ? '\0' : '\n';
	seed(much.data, much.len);
	seed_many("2", "certfleet end \n", "");
	seed_many("2", "c", "\n");
	seed_many("0", "\n", "");
}
