/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between the two halves of an agent, and which half may send which: a
 * kind, a number that relates an answer to its request, and bytes, which may hold a
 * key and are wiped.
 */
#ifndef AGENT_IPC_MESSAGE_H
#define AGENT_IPC_MESSAGE_H

#include "base/secret.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	MESSAGE_NAME_LIMIT = 256,         /* bytes of a component's name */
	RESPONSE_LIMIT = 8 * 1024 * 1024, /* bytes of the document of a response */
};

enum message_kind {
	/* orders: request of the network half, answer of the installing half */
	MESSAGE_REQUEST = 1, /* route, length of the name, name, body */
	MESSAGE_ANSWER,      /* status, body */
	/* handshakes; an empty answer refuses */
	MESSAGE_REVISION, /* -> revision of the key, revision of the grants */
	MESSAGE_IDENTITY, /* -> revision, certificates: length, bytes */
	MESSAGE_SIGN,     /* revision, algorithm, hashed, text -> signature */
	MESSAGE_GRANTS,   /* -> revision, count, clients, CA */
	/* first message of halves that were started apart */
	MESSAGE_HELLO, /* number: index of the channel */
	/* enrolments: the network half has the TLS connection, the other the token */
	MESSAGE_ENROL_HELLO, /* TLS binding, message 1 -> message 2 */
	MESSAGE_GRANT,       /* message 3 -> message 4 */
	MESSAGE_LEFT,        /* why the connection with the proven token ended */
	MESSAGE_KIND_COUNT
};

/* The half that sends a message. */
enum message_from {
	FROM_EITHER,
	FROM_NETWORK,
	FROM_INSTALLING,
};

/* Longest body of a message in bytes; -1: not allowed from there. */
int64_t message_limit(uint32_t kind, enum message_from from);
/* How long the network half waits for the answer. */
int64_t message_wait_ms(enum message_kind kind);

struct message {
	uint32_t kind;
	uint32_t number;
	struct secret body;
};

void message_release(struct message *m);
AUTO_STRUCT(message, struct message, message_release)

/*
 * A cursor over the fields of a message body.  Reading past the end gives
 * zeroes and sets `failed`.
 */
struct fields {
	struct secret *body;
	size_t at;
	bool failed;
};

/* Allocates a body of `len` bytes for writing. */
struct fields fields_begin(struct secret *body, size_t len);
struct fields fields_of(struct secret *body);
void fields_put(struct fields *f, const void *bytes, size_t len);
void fields_put_number(struct fields *f, uint64_t number);
uint64_t fields_number(struct fields *f);
/* NULL when fewer bytes are left. */
const unsigned char *fields_bytes(struct fields *f, size_t len);
/* All remaining bytes. */
const unsigned char *fields_rest(struct fields *f, size_t *len);

#endif
