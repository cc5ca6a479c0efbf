/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc_message.h"

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
	SIGN_MS = 5000,
	ENROL_MS = 30000, /* for the enrolling process, which writes files */
};

/*
 * What may be sent by whom and how long it is at most (-1: not at all), so that
 * a compromised half cannot exhaust the other's memory; and how long the network
 * half, which does nothing else meanwhile, waits for an answer.
 */
static const struct {
	int64_t from_network;
	int64_t from_installing;
	int64_t wait_ms;
} kinds[MESSAGE_KIND_COUNT] = {
	[0] = { -1, -1, 0 },
	[MESSAGE_REQUEST] = { 2 * NUMBER_BYTES + MESSAGE_NAME_LIMIT + REQUEST_LIMIT, -1, 0 },
	[MESSAGE_ANSWER] = { -1, NUMBER_BYTES + RESPONSE_LIMIT, 0 },
	[MESSAGE_REVISION] = { 0, 2 * NUMBER_BYTES, SIGN_MS },
	[MESSAGE_IDENTITY] = { 0, NUMBER_BYTES + CERTIFICATES_LIMIT, SIGN_MS },
	[MESSAGE_SIGN] = { 3 * NUMBER_BYTES + SIGN_TEXT_LIMIT, SIGNED_LIMIT, SIGN_MS },
	[MESSAGE_GRANTS] = { 0, GRANTS_LIMIT, SIGN_MS },
	[MESSAGE_HELLO] = { 0, -1, 0 },
	[MESSAGE_ENROL_HELLO] = { ENROL_TLS_BINDING_BYTES + ENROL_HELLO_LIMIT, ENROL_REQUEST_LIMIT,
				  ENROL_MS },
	[MESSAGE_GRANT] = { ENROL_GRANT_LIMIT, ENROL_RECEIPT_LIMIT, ENROL_MS },
	[MESSAGE_LEFT] = { LEFT_TEXT_LIMIT, -1, 0 },
};

int64_t message_limit(uint32_t kind, enum message_from from)
{
	if (kind >= MESSAGE_KIND_COUNT)
		return -1;

	int64_t network = from == FROM_INSTALLING ? -1 : kinds[kind].from_network;
	int64_t installing = from == FROM_NETWORK ? -1 : kinds[kind].from_installing;

	return network > installing ? network : installing;
}

int64_t message_wait_ms(enum message_kind kind)
{
	return kinds[kind].wait_ms;
}

void message_release(struct message *m)
{
	secret_release(&m->body);
}

struct fields fields_begin(struct secret *body, size_t len)
{
	secret_alloc(body, len);
	return fields_of(body);
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
