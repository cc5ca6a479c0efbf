/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include "base/exit_status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const enum exit_status exit_status[] = {
	[ERR_NONE] = EXIT_DONE,      [ERR_USAGE] = EXIT_BAD_USAGE, [ERR_INPUT] = EXIT_BAD_INPUT,
	[ERR_BUSY] = EXIT_BUSY,      [ERR_STALE] = EXIT_STALE,     [ERR_MISSING] = EXIT_FAILED,
	[ERR_IO] = EXIT_FAILED,      [ERR_CRYPTO] = EXIT_FAILED,   [ERR_REMOTE] = EXIT_FAILED,
	[ERR_STOPPED] = EXIT_FAILED,
};
_Static_assert(sizeof(exit_status) / sizeof(*exit_status) == ERR_COUNT,
	       "every error code needs an exit status");

int err_exit_status(enum err_code code)
{
	return exit_status[code];
}

bool err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list args;

	e->code = code;
	va_start(args, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
	return false;
}

bool err_sys(struct err *e, const char *fmt, ...)
{
	int number = errno;
	va_list args;

	e->code = number == ENOENT ? ERR_MISSING : ERR_IO;
	va_start(args, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);

	size_t used = strlen(e->text);
	snprintf(e->text + used, sizeof(e->text) - used, ": %s", strerror(number));
	return false;
}

bool err_in(struct err *e, const char *fmt, ...)
{
	char cause[sizeof(e->text)];
	va_list args;

	memcpy(cause, e->text, sizeof(cause));
	va_start(args, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);

	size_t used = strlen(e->text);
	snprintf(e->text + used, sizeof(e->text) - used, ": %s", cause);
	return false;
}

bool err_remedy(struct err *e, const char *remedy)
{
	size_t used = strlen(e->text);

	if (!strstr(e->text, "; "))
		snprintf(e->text + used, sizeof(e->text) - used, "; %s", remedy);
	return false;
}

bool err_or(struct err *e, const char *remedy)
{
	size_t used = strlen(e->text);

	snprintf(e->text + used, sizeof(e->text) - used, ", or %s", remedy);
	return false;
}

bool err_ignore(struct err *e, enum err_code code)
{
	if (e->code != code)
		return false;
	*e = (struct err){ 0 };
	return true;
}
