/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent_file.h"

#include "base/diag.h"
#include "base/trusted_file.h"
#include "config/load.h"
#include "crypto/token.h"
#include "pki/issue.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

bool agent_file_load(struct session *s, const char *path, struct agent_config *out, struct err *e)
{
	AUTO(diags) diags = { 0 };
	AUTO(buf) text = { 0 };
	bool good = false;

	if (!path)
		return err_set(e, ERR_USAGE, "name the agent's configuration with --config");
	good = load_agent(path, subject_canonical, out, &diags, e);
	diag_render(&diags, &text);
	term_error(&s->terminal, &text);
	if (!good)
		e->code = ERR_INPUT;
	return good;
}

/* Without stdio, whose buffers would not be wiped. */
static bool agent_file_read_line(struct secret *out, struct err *e)
{
	AUTO(secret) line = { 0 };
	size_t len = 0;

	secret_alloc(&line, TOKEN_FILE_LIMIT);
	while (len < line.len && !memchr(line.bytes, '\n', len)) {
		ssize_t n = read(STDIN_FILENO, line.bytes + len, line.len - len);

		if (n < 0 && errno == EINTR)
			return err_set(e, ERR_STOPPED, "stopped");
		if (n < 0)
			return err_sys(e, "cannot read the token");
		if (n == 0)
			break;
		len += (size_t)n;
	}
	secret_copy(out, line.bytes, len);
	return true;
}

bool agent_token_read(const char *path, struct secret *out, struct err *e)
{
	AUTO(secret) text = { 0 };

	if (!path)
		return err_set(e, ERR_USAGE,
			       "name the file of the token with --token-file; '-' is stdin");
	if (!strcmp(path, "-")
		    ? !agent_file_read_line(&text, e)
		    : !trusted_file_read(path, TRUSTED_SECRET, TOKEN_FILE_LIMIT, &text, e))
		return err_in(e, "cannot take the token");
	return token_from_text(&text, out, e);
}
