/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ .limit = b->limit };
}

/* Makes room for `extra` bytes and a NUL, or sets `failed`. */
static bool reserve(struct buf *b, size_t extra)
{
	if (b->failed)
		return false;
	if (b->limit && (extra > b->limit || b->len > b->limit - extra)) {
		b->failed = true;
		return false;
	}
	if (b->len + extra < b->room)
		return true;

	size_t room = b->room ? b->room : 64;

	while (room <= b->len + extra)
		room *= 2;
	b->data = xrealloc(b->data, room);
	b->room = room;
	return true;
}

void buf_expect(struct buf *b, size_t len)
{
	size_t room = b->len + len + 1;

	if (room <= b->room || (b->limit && room > b->limit))
		return;
	b->data = xrealloc(b->data, room);
	b->room = room;
	b->data[b->len] = '\0';
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int length = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (length < 0 || !reserve(b, (size_t)length))
		return;

	va_start(args, fmt);
	vsnprintf(b->data + b->len, (size_t)length + 1, fmt, args);
	va_end(args);
	b->len += (size_t)length;
}

const char *buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}
