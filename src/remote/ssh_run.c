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

static bool ssh_run_refused(struct ssh *s, struct ssh_op *op)
{
	if (s->rc != LIBSSH2_ERROR_CHANNEL_FAILURE && s->rc != LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED)
		return ssh_broken(s, "run a command there");
	op->result = SSH_FAILED;
	op->why = arena_printf(s->ask->arena, "the host refuses to run commands: %s",
			       ssh_error_text(s, s->ask->arena));
	return false;
}

/* The same command in every login shell: nothing to quote. */
static bool start_shell(struct ssh *s, struct ssh_op *op)
{
	int rc = 0;

	SSH_OPEN(s, s->channel, libssh2_channel_open_session(s->session));
	if (!s->channel)
		return ssh_run_refused(s, op);
	s->begun = true;
	rc = SSH_CALL(s, libssh2_channel_exec(s->channel, "/bin/sh"));
	return !rc || ssh_run_refused(s, op);
}

/* A shell that exits without reading its input is no error here: its output decides. */
static bool put_script(struct ssh *s, struct ssh_op *op)
{
	for (size_t sent = 0; sent < op->len;) {
		ssize_t some = 0;

		do {
			some = libssh2_channel_write(s->channel, (const char *)op->bytes + sent,
						     op->len - sent);
			if (libssh2_channel_eof(s->channel))
				return true;
		} while (ssh_would_block(s, some) || (!some && ssh_wait_in(s)));
		if (some <= 0)
			return ssh_run_refused(s, op);
		sent += (size_t)some;
	}
	(void)SSH_CALL(s, libssh2_channel_send_eof(s->channel));
	return true;
}

/* ---- output ---- */

/*
 * Reads stdout or stderr; 0: end of both; negative: error or EAGAIN, nothing
 * read.  A read of either stream receives data for both, so after the end of
 * stderr stdout is read again.
 */
static ssize_t take_some(struct ssh *s)
{
	const size_t half = SSH_OUTPUT_LIMIT / 2;
	char bytes[4096];
	ssize_t some = libssh2_channel_read(s->channel, bytes, sizeof(bytes));

	if (some <= 0)
		some = libssh2_channel_read_stderr(s->channel, bytes, sizeof(bytes));
	if (some == 0)
		some = libssh2_channel_read(s->channel, bytes, sizeof(bytes));
	if (some <= 0)
		return some;
	/* the older half is dropped when the buffer is full */
	if (s->said + (size_t)some > SSH_OUTPUT_LIMIT) {
		size_t cut = s->said > half ? s->said - half : s->said;

		memmove(s->output, s->output + cut, s->said - cut);
		s->said -= cut;
	}
	memcpy(s->output + s->said, bytes, (size_t)some);
	s->said += (size_t)some;
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

	return text_escaped(s->ask->arena, arena_strndup(s->ask->arena, text + skip, len - skip));
}

/* The exit status in the rest of a complete line; -1: none. */
static int status_at(const struct ssh *s, const char *at)
{
	const char *text = arena_strndup(s->ask->arena, at, strcspn(at, "\n"));
	char *end = NULL;
	long status = strtol(text, &end, 10);

	return *text >= '0' && *text <= '9' && !*end && status <= STATUS_LIMIT ? (int)status : -1;
}

static bool conclude(struct ssh *s, struct ssh_op *op, const char *end)
{
	size_t len = end ? (size_t)(end - s->output) : s->said;

	if (len && end && end[-1] == '\n')
		len--; /* the newline that the script prints before its last line */
	op->text = arena_strndup(s->ask->arena, s->output, len);
	if (end)
		op->status = status_at(s, end + strlen(op->end));
	if (op->status == 0)
		return true;
	op->result = SSH_FAILED;
	op->why = last_words(s, op->text);
	return false;
}

bool ssh_run_output(struct ssh *s, struct ssh_op *op)
{
	ssize_t some = 0;
	const char *end = NULL;

	do {
		some = take_some(s);
		end = ssh_run_find_end(s, op->end, some > 0 ? (size_t)some : 0);
	} while (!end && (some > 0 || ssh_would_block(s, some)));
	if (!end && some < 0)
		return ssh_broken(s, "read what a command says");
	return conclude(s, op, end);
}

bool ssh_run(struct ssh *s, struct ssh_op *op)
{
	op->status = -1;
	s->said = 0;
	return start_shell(s, op) && put_script(s, op) && ssh_run_output(s, op);
}
