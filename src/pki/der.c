/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/der.h"

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
