/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc_message.h"

#include "agent/response.h"
#include "pki/enrol_tls.h"
#include "wire/enrol_message.h"
#include "wire/request.h"

#include <assert.h>
#include <string.h>

enum {
	NUMBER_BYTES = 8,
	CERTIFICATES_LIMIT = 10 * (64 * 1024 + NUMBER_BYTES),
	GRANTS_LIMIT = 2 * 1024 * 1024, /* two files, each with a limit of its own */
	SIGN_TEXT_LIMIT = 256,          /* 64 blanks, a context string, a hash */
	SIGNED_LIMIT = 1024,
	LEFT_TEXT_LIMIT = 1024,
};

/* Bytes of a body, so that a compromised half cannot exhaust the other's memory. */
static const struct {
	int64_t from_network;
	int64_t from_installing;
} limits[] = {
	[MESSAGE_REQUEST] = { 2 * NUMBER_BYTES + MESSAGE_NAME_LIMIT + REQUEST_LIMIT, -1 },
	[MESSAGE_ANSWER] = { -1, NUMBER_BYTES + ANSWER_LIMIT },
	[MESSAGE_REVISION] = { 0, 2 * NUMBER_BYTES },
	[MESSAGE_IDENTITY] = { 0, NUMBER_BYTES + CERTIFICATES_LIMIT },
	[MESSAGE_SIGN] = { 3 * NUMBER_BYTES + SIGN_TEXT_LIMIT, SIGNED_LIMIT },
	[MESSAGE_GRANTS] = { 0, GRANTS_LIMIT },
	[MESSAGE_HELLO] = { 0, -1 },
	[MESSAGE_ENROL_HELLO] = { ENROL_TLS_BINDING_BYTES + ENROL_HELLO_LIMIT,
				  ENROL_REQUEST_LIMIT },
	[MESSAGE_GRANT] = { ENROL_GRANT_LIMIT, ENROL_RECEIPT_LIMIT },
	[MESSAGE_LEFT] = { LEFT_TEXT_LIMIT, -1 },
};

int64_t message_limit(uint32_t kind, enum message_from from)
{
	int64_t network = -1;
	int64_t installing = -1;

	if (kind >= MESSAGE_REQUEST && kind < sizeof(limits) / sizeof(*limits)) {
		network = limits[kind].from_network;
		installing = limits[kind].from_installing;
	}
	switch (from) {
	case FROM_NETWORK:
		return network;
	case FROM_INSTALLING:
		return installing;
	case FROM_EITHER:
		break;
	}
	return network > installing ? network : installing;
}

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
