/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A byte buffer that grows, up to a limit.
 *
 * `AUTO(buf) b = { 0 };` is empty and unlimited; set `limit` for anything that
 * grows on outside input.  Failure sticks: once an addition would exceed the
 * limit, `failed` is set and every later addition does nothing, so ten appends
 * need one check.  `data` is NULL or NUL-terminated (the NUL is not counted).
 * Not for secrets: see base/secret.h.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/auto.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t room;
	size_t limit; /* 0: unlimited */
	bool failed;
};

void buf_release(struct buf *b);
AUTO_STRUCT(buf, struct buf, buf_release)

/* Makes room for as many bytes as are expected, where twice as many would be too much. */
void buf_expect(struct buf *b, size_t len);
void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
/* The text so far, "" when there is none. */
const char *buf_text(const struct buf *b);

#endif
