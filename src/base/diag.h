/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diagnostics: mistakes in the user's files, collected, all shown, sorted by
 * position.
 *
 *	certfleet.yaml:12:5: unknown key 'isuer', did you mean 'issuer'?
 *	    isuer: shop-ca
 *	    ^
 *
 * A source that must not be quoted (CSV, import, secret, an included file that
 * is not a fleet file) is added without its text, so only name and position are
 * shown.  At most DIAG_LIMIT diagnostics are kept; the rest are counted.
 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DIAG_LIMIT = 200
};

/* A position in a source; line and column count from 1, columns in bytes. */
struct where {
	uint32_t source; /* index returned by diag_source() */
	uint32_t line;
	uint32_t column;
};

struct diag_source {
	const char *name;
	const char *text; /* NULL: never quoted */
	size_t len;
};

struct diag {
	struct where where;
	bool warning; /* the file is still valid */
	const char *text;
};

struct diags {
	struct arena arena;
	VEC(struct diag_source) sources;
	VEC(struct diag) list;
	size_t errors;
	size_t dropped;
};

void diags_release(struct diags *d);
AUTO_STRUCT(diags, struct diags, diags_release)

/* Registers a source; `text` may be NULL, otherwise it must outlive `d`. */
uint32_t diag_source(struct diags *d, const char *name, const char *text, size_t len);
void diag_error(struct diags *d, struct where at, const char *fmt, ...) PRINTF(3, 4);
void diag_warn(struct diags *d, struct where at, const char *fmt, ...) PRINTF(3, 4);
/* Renders all diagnostics for the user, sorted, without repeats. */
void diag_render(struct diags *d, struct buf *out);

#endif
