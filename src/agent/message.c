/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/message.h"

#include <assert.h>
#include <string.h>

enum {
	NUMBER_BYTES = 8,
};

void message_release(struct message *m)
{
	secret_release(&m->body);
}

struct fields fields_begin(struct secret *body, size_t len)
{
	secret_alloc(body, len);
	return (struct fields){ .body = body };
}

struct fields fields_of(struct secret *body)
{
	return (struct fields){ .body = body };
}

void fields_put(struct fields *f, const void *bytes, size_t len)
{
	assert(len <= f->body->len - f->at);
	if (len)
		memcpy(f->body->bytes + f->at, bytes, len);
	f->at += len;
}

void fields_put_number(struct fields *f, uint64_t number)
{
	fields_put(f, &number, NUMBER_BYTES);
}

const unsigned char *fields_bytes(struct fields *f, size_t len)
{
	const unsigned char *at = f->body->bytes + f->at;

	if (f->failed || len > f->body->len - f->at) {
		f->failed = true;
		return NULL;
	}
	f->at += len;
	return at;
}

uint64_t fields_number(struct fields *f)
{
	const unsigned char *bytes = fields_bytes(f, NUMBER_BYTES);
	uint64_t number = 0;

	if (bytes)
		memcpy(&number, bytes, NUMBER_BYTES);
	return number;
}

const unsigned char *fields_rest(struct fields *f, size_t *len)
{
	*len = f->failed ? 0 : f->body->len - f->at;
	return fields_bytes(f, *len);
}
