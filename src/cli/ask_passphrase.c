/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal.h"

#include "base/arena.h"
#include "base/text.h"
#include "base/trusted_file.h"

#include <stdlib.h>
#include <string.h>

enum {
	PASSPHRASE_FILE_LIMIT = 64 * 1024
};

bool passphrase_from_file(const char *path, struct secret *out, struct err *e)
{
	AUTO(secret) s = { 0 };

	if (!trusted_file_read(path, TRUSTED_SECRET, PASSPHRASE_FILE_LIMIT, &s, e)) {
		e->code = ERR_INPUT;
		return err_in(e, "cannot take the passphrase");
	}
	if (s.len && s.bytes[s.len - 1] == '\n')
		s.bytes[--s.len] = '\0';
	if (s.len && s.bytes[s.len - 1] == '\r')
		s.bytes[--s.len] = '\0';
	*out = TAKE(s);
	return true;
}

bool passphrase_from_environment(const char *name, struct secret *out, struct err *e)
{
	AUTO(arena) a = { 0 };
	char *value = getenv(name);

	if (!value || !*value)
		return err_set(e, ERR_INPUT, "the environment variable '%s' is not set or empty",
			       text_escaped(&a, name));
	secret_copy(out, value, strlen(value));
	wipe(value, strlen(value));
	unsetenv(name);
	return true;
}
