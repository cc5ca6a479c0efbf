/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/der.h"

#include <assert.h>
#include <string.h>

/* The length after the tag at bytes[0]; false: indefinite or too long. */
static bool der_read_length(const struct der *in, size_t *head, size_t *len)
{
	size_t n = in->bytes[1] & 0x7f;

	*head = 2;
	*len = in->bytes[1];
	if (in->bytes[1] < 0x80)
		return true;
	if (n == 0 || n > 4 || in->len < 2 + n)
		return false;
	*len = 0;
	for (size_t i = 0; i < n; i++)
		*len = *len << 8 | in->bytes[2 + i];
	*head += n;
	return true;
}

bool der_is(const struct der *in, enum der_tag tag)
{
	return in->len >= 2 && in->bytes[0] == tag;
}

bool der_take(struct der *in, enum der_tag tag, struct der *content)
{
	size_t head = 0;
	size_t len = 0;

	if (!der_is(in, tag) || !der_read_length(in, &head, &len) || len > in->len - head)
		return false;
	*content = (struct der){ in->bytes + head, len };
	*in = (struct der){ in->bytes + head + len, in->len - head - len };
	return true;
}

bool der_take_count(struct der *in, unsigned *out)
{
	struct der number = { 0 };
	unsigned value = 0;

	if (!der_take(in, DER_INTEGER, &number) || number.len == 0 || number.len > 4 ||
	    number.bytes[0] > 0x7f)
		return false;
	for (size_t i = 0; i < number.len; i++)
		value = value << 8 | number.bytes[i];
	*out = value;
	return true;
}

bool der_take_oid(struct der *in, const struct oid_row *rows, int *means)
{
	struct der oid = { 0 };

	if (!der_take(in, DER_OID, &oid))
		return false;
	for (; rows->len; rows++) {
		if (rows->len != oid.len || memcmp(rows->oid, oid.bytes, oid.len) != 0)
			continue;
		*means = rows->means;
		return true;
	}
	return false;
}

/* ---- writing ---- */

void der_put(struct der_writer *w, const void *bytes, size_t len)
{
	assert(len <= w->at);
	w->at -= len;
	if (len)
		memcpy(w->bytes->bytes + w->at, bytes, len);
}

static void der_put_byte(struct der_writer *w, unsigned char byte)
{
	der_put(w, &byte, 1);
}

void der_wrap(struct der_writer *w, enum der_tag tag, size_t end)
{
	size_t len = end - w->at;
	unsigned char more = 0;

	if (len < 0x80) {
		der_put_byte(w, (unsigned char)len);
	} else {
		for (size_t rest = len; rest; rest >>= 8, more++)
			der_put_byte(w, (unsigned char)rest);
		der_put_byte(w, 0x80 | more);
	}
	der_put_byte(w, (unsigned char)tag);
}

void der_put_oid(struct der_writer *w, const struct oid_row *rows, int means)
{
	size_t end = w->at;

	while (rows->len && rows->means != means)
		rows++;
	assert(rows->len);
	der_put(w, rows->oid, rows->len);
	der_wrap(w, DER_OID, end);
}

void der_put_count(struct der_writer *w, unsigned count)
{
	size_t end = w->at;

	do
		der_put_byte(w, (unsigned char)count);
	while (count >>= 8);
	if (w->bytes->bytes[w->at] > 0x7f)
		der_put_byte(w, 0);
	der_wrap(w, DER_INTEGER, end);
}

void der_finish(const struct der_writer *w, struct secret *out)
{
	secret_copy(out, w->bytes->bytes + w->at, w->bytes->len - w->at);
}
