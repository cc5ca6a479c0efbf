/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An error: why an operation failed.
 *
 * A function that can fail returns bool, takes `struct err *e` last, and fills
 * `e` exactly when it returns false.  `e` is never NULL.  The code is for
 * programs (exit status, what to do next); the text is for people and grows
 * from the inside out: each caller that knows more about the purpose prepends
 * it with err_in().
 *
 * Text from outside is escaped before it gets into an error (base/text.h).
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

enum err_code {
	ERR_NONE,
	ERR_USAGE,   /* the command line is invalid */
	ERR_INPUT,   /* the fleet file or another input is invalid */
	ERR_BUSY,    /* the state is locked by another process */
	ERR_STALE,   /* the saved plan no longer fits the current state */
	ERR_MISSING, /* the requested object does not exist */
	ERR_IO,      /* the operating system refused */
	ERR_CRYPTO,  /* a library rejected a key, certificate or password */
	ERR_REMOTE,  /* a component, its process or its port misbehaved */
	ERR_STOPPED, /* the user requested a stop */
	ERR_COUNT
};

struct err {
	enum err_code code;
	char text[768];
};

#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK __attribute__((warn_unused_result))

/* err_*() return false, so that a failure path reads `return err_set(...)`. */
bool err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF(3, 4);
/* Appends the text of errno; ENOENT becomes ERR_MISSING, the rest ERR_IO. */
bool err_sys(struct err *e, const char *fmt, ...) PRINTF(2, 3);
/* Prepends "...: " and keeps the code. */
bool err_in(struct err *e, const char *fmt, ...) PRINTF(2, 3);
/* Appends "; ..." unless the text has a remedy, and keeps the code. */
bool err_remedy(struct err *e, const char *remedy);
/* Appends ", or ...", another remedy than the one that the text ends with. */
bool err_or(struct err *e, const char *remedy);
/* True when it failed because of `code`: then that is no error, and `e` is cleared. */
bool err_ignore(struct err *e, enum err_code code);

/* The exit status of a program that ends because of `code` (DESIGN 3). */
int err_exit_status(enum err_code code);

#endif
