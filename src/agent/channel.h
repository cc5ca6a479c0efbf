/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between the two halves of an agent, over a stream socket: a kind,
 * a number by which an answer finds its question, and bytes, which may hold
 * a key and are wiped.  Sending and receiving wait, but not for longer than
 * CHANNEL_WAIT_S: a half that does not talk any more is given up.
 */
#ifndef AGENT_CHANNEL_H
#define AGENT_CHANNEL_H

#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	CHANNEL_WAIT_S = 20,
	MESSAGE_LIMIT = 2 * 1024 * 1024,
};

enum message_kind {
	/* orders: the network half asks, the installing half answers */
	MESSAGE_REQUEST = 1, /* route, length of the name, name, body */
	MESSAGE_ANSWER,      /* status, body */
	/* handshakes; an empty answer refuses */
	MESSAGE_REVISION,     /* -> 8 bytes */
	MESSAGE_CERTIFICATES, /* -> each with its length before it */
	MESSAGE_SIGN, /* revision, algorithm, hashed, text -> signature */
};

struct message {
	uint32_t kind;
	uint32_t number;
	struct secret body;
};

void message_release(struct message *m);
AUTO_STRUCT(message, struct message, message_release)

/* Two ends. */
MUST_CHECK bool channel_pair(int ends[2], struct err *e);
MUST_CHECK bool channel_send(int fd, const struct message *m, struct err *e);
/* ERR_MISSING: the other half has ended.  `out` must be empty. */
MUST_CHECK bool channel_receive(int fd, struct message *out, struct err *e);

/*
 * Writes and reads the fields of a body one after the other.  Reading past
 * the end gives zeroes and sets `failed`.
 */
struct fields {
	struct secret *body;
	size_t at;
	bool failed;
};

/* An empty body of `len` bytes to be filled. */
struct fields fields_begin(struct secret *body, size_t len);
struct fields fields_of(struct secret *body);
void fields_put(struct fields *f, const void *bytes, size_t len);
void fields_put_number(struct fields *f, uint64_t number);
uint64_t fields_number(struct fields *f);
/* NULL when that many are not there. */
const unsigned char *fields_bytes(struct fields *f, size_t len);
/* All that is left. */
const unsigned char *fields_rest(struct fields *f, size_t *len);

#endif
