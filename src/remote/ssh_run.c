/* SPDX-License-Identifier: Apache-2.0 */
/* Remote scripts: /bin/sh reads the script from its standard input. */
#include "base/text.h"
#include "remote/ssh_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
	LAST_WORDS = 200,
	STATUS_LIMIT = 255
};

static enum socket_turn ssh_run_refused(struct ssh *s, struct ssh_op *op, struct err *e)
{
	switch (s->rc) {
	case LIBSSH2_ERROR_EAGAIN:
		return ssh_waits(s);
	case LIBSSH2_ERROR_CHANNEL_FAILURE:
	case LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED:
		op->result = SSH_FAILED;
		op->why = arena_printf(s->arena, "the host refuses to run commands: %s",
				       ssh_error_text(s, s->arena));
		return SOCKET_DONE;
	default: /* the many other codes of libssh2 */
		return ssh_broken(s, "run a command there", e);
	}
}

static enum socket_turn open_channel(struct ssh *s, struct ssh_op *op, struct err *e)
{
	op->status = -1;
	s->said = 0;
	s->channel = libssh2_channel_open_session(s->session);
	return ssh_got(s, s->channel) ? SOCKET_DONE : ssh_run_refused(s, op, e);
}

/* The same command in every login shell: nothing to quote. */
static enum socket_turn start_shell(struct ssh *s, struct ssh_op *op, struct err *e)
{
	return ssh_good(s, libssh2_channel_exec(s->channel, "/bin/sh")) ? SOCKET_DONE
									: ssh_run_refused(s, op, e);
}

/* A shell that exits without reading its input is no error here: its output decides. */
static enum socket_turn put_script(struct ssh *s, struct ssh_op *op, struct err *e)
{
	while (s->moved < op->len) {
		ssize_t some = libssh2_channel_write(s->channel, (const char *)op->bytes + s->moved,
						     op->len - s->moved);

		if (libssh2_channel_eof(s->channel))
			return SOCKET_DONE;
		if (!some)
			return SOCKET_WAIT_IN;
		if (!ssh_good(s, some))
			return ssh_run_refused(s, op, e);
		s->moved += (size_t)some;
	}
	return SOCKET_DONE;
}

static enum socket_turn end_script(struct ssh *s, struct ssh_op *op, struct err *e)
{
	(void)op;
	(void)e;
	return libssh2_channel_send_eof(s->channel) == LIBSSH2_ERROR_EAGAIN ? ssh_waits(s)
									    : SOCKET_DONE;
}

/* ---- output ---- */

/* Drops the older half when the buffer is full. */
static void ssh_run_store(struct ssh *s, const char *bytes, size_t len)
{
	const size_t half = SSH_OUTPUT_LIMIT / 2;

	if (s->said + len > SSH_OUTPUT_LIMIT) {
		size_t cut = s->said > half ? s->said - half : s->said;

		memmove(s->output, s->output + cut, s->said - cut);
		s->said -= cut;
	}
	memcpy(s->output + s->said, bytes, len);
	s->said += len;
}

/*
 * Reads stdout or stderr; 0: end of both; negative: error or EAGAIN, nothing
 * read.  A read of either stream receives data for both, so after the end of
 * stderr stdout is read again.
 */
static ssize_t take_some(struct ssh *s)
{
	char bytes[4096];
	ssize_t some = libssh2_channel_read(s->channel, bytes, sizeof(bytes));

	if (some <= 0)
		some = libssh2_channel_read_stderr(s->channel, bytes, sizeof(bytes));
	if (some == 0)
		some = libssh2_channel_read(s->channel, bytes, sizeof(bytes));
	if (some > 0)
		ssh_run_store(s, bytes, (size_t)some);
	return some;
}

/*
 * Finds the last complete line beginning with `end`.  Only lines completed by
 * the newest `fresh` bytes are searched; earlier ones have been.
 */
static const char *ssh_run_find_end(const struct ssh *s, const char *end, size_t fresh)
{
	size_t len = strlen(end);
	size_t first = s->said - fresh;

	if (!fresh || !memchr(s->output + first, '\n', fresh))
		return NULL;
	for (size_t at = s->said; at-- > 0;) {
		const char *line = s->output + at;
		bool begins = !at || line[-1] == '\n';

		if (begins && s->said - at > len && !strncmp(line, end, len) &&
		    memchr(line, '\n', s->said - at))
			return line;
		if (begins && at <= first)
			break;
	}
	return NULL;
}

/* The end of the output, where a failing script reports its error. */
static const char *last_words(const struct ssh *s, const char *text)
{
	size_t len = strlen(text);

	while (len && strchr("\r\n\t ", text[len - 1]))
		len--;

	size_t skip = len > LAST_WORDS ? len - LAST_WORDS : 0;

	return text_escaped(s->arena, arena_strndup(s->arena, text + skip, len - skip));
}

/* The exit status in the rest of a complete line; -1: none. */
static int status_at(const struct ssh *s, const char *at)
{
	const char *text = arena_strndup(s->arena, at, strcspn(at, "\n"));
	char *end = NULL;
	long status = strtol(text, &end, 10);

	return *text >= '0' && *text <= '9' && !*end && status <= STATUS_LIMIT ? (int)status : -1;
}

static enum socket_turn conclude(struct ssh *s, struct ssh_op *op, const char *end)
{
	size_t len = end ? (size_t)(end - s->output) : s->said;

	if (len && end && end[-1] == '\n')
		len--; /* the newline that the script prints before its last line */
	op->text = arena_strndup(s->arena, s->output, len);
	if (end)
		op->status = status_at(s, end + strlen(op->end));
	if (op->status == 0)
		return SOCKET_DONE;
	op->result = SSH_FAILED;
	op->why = last_words(s, op->text);
	return SOCKET_DONE;
}

static enum socket_turn take_output(struct ssh *s, struct ssh_op *op, struct err *e)
{
	ssize_t some = 0;
	const char *end = NULL;

	do {
		some = take_some(s);
		end = ssh_run_find_end(s, op->end, some > 0 ? (size_t)some : 0);
	} while (some > 0 && !end);
	if (!end && some == LIBSSH2_ERROR_EAGAIN)
		return ssh_waits(s);
	if (!end && some < 0)
		return ssh_broken(s, "read what a command says", e);
	return conclude(s, op, end);
}

ssh_step_fn *const ssh_run_steps[] = { open_channel, start_shell, put_script,
				       end_script,   take_output, NULL };
