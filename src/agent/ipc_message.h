/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two halves of an agent tell each other: a kind, a number by which
 * an answer finds its question, and bytes, which may hold a key and are
 * wiped.
 */
#ifndef AGENT_IPC_MESSAGE_H
#define AGENT_IPC_MESSAGE_H

#include "base/secret.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	MESSAGE_NAME_LIMIT = 256, /* bytes of a component's name */
};

enum message_kind {
	/* orders: the network half asks, the installing half answers */
	MESSAGE_REQUEST = 1, /* route, length of the name, name, body */
	MESSAGE_ANSWER,      /* status, body */
	/* handshakes; an empty answer refuses */
	MESSAGE_REVISION, /* -> revision of the key, and of who may call */
	MESSAGE_IDENTITY, /* -> revision, certificates: length, bytes */
	MESSAGE_SIGN,     /* revision, algorithm, hashed, text -> signature */
	MESSAGE_GRANTS,   /* -> revision, count, callers, authority */
	/* the first one, when the halves were started apart */
	MESSAGE_HELLO, /* number: which channel it is */
	/* enrolments: the network half has the link, the other the token */
	MESSAGE_VISIT, /* binding, message 1 -> message 2 */
	MESSAGE_GRANT, /* message 3 -> message 4 */
	MESSAGE_LEFT,  /* why the one who proved the token is gone */
};

/* Which half a message comes from. */
enum message_from {
	FROM_EITHER,
	FROM_NETWORK,
	FROM_INSTALLING,
};

/* Bytes that the body of such a message has at most; -1: it is none. */
int64_t message_limit(uint32_t kind, enum message_from from);

struct message {
	uint32_t kind;
	uint32_t number;
	struct secret body;
};

void message_release(struct message *m);
AUTO_STRUCT(message, struct message, message_release)

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
