/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder: a process that decodes what strangers wrote (ASN.1, archives)
 * and never held a secret.
 *
 * decoder_start() forks it right after process set-up, before a fleet file is
 * read, a key unsealed or a thread started.  It wipes its environment, holds
 * no descriptor but the way to its parent, ignores INT, TERM and HUP, cannot
 * be dumped, and ends with its parent.  Bytes go in, bytes come out: a request
 * names one function of the table that main() gave, never a command.  Each
 * request is decoded by a child of its own (base/sandbox.h), so that hostile
 * bytes reach neither the next request nor its bytes; passwords and keys that
 * a decoding needs travel with the request and are wiped behind it.
 *
 * The answer is a stranger's as well: whoever asks checks lengths, counts and
 * structure, and computes hashes himself.
 *
 * A process that was forked from the one that started it has a channel of its
 * own as soon as it asks.  A decoder that has ended is an error from then on;
 * nothing is ever decoded elsewhere instead.  In a program that started none
 * (a test) each request is decoded by a child of the program itself.
 *
 * The way to the decoder is the one mutable global beside the stop flag.  One
 * thread asks at a time.
 */
#ifndef BASE_DECODER_H
#define BASE_DECODER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	DECODER_REQUEST_LIMIT = 66 * 1024 * 1024, /* bytes, a bundle and more */
	DECODER_SPAN_LIMIT = 4096,                /* spans of one request */
	DECODER_SECONDS_LIMIT = 300,              /* of processor time */
};

/* Bytes somewhere in memory, borrowed. */
struct span {
	const void *bytes;
	size_t len;
};

/* Runs in the child: all it may look at is `in`. */
typedef bool decode_fn(const struct span *in, size_t count, struct buf *answer, struct err *e);

/* `table` ends with NULL and stays.  There must be one thread. */
MUST_CHECK bool decoder_start(decode_fn *const *table, struct err *e);
/* For a process that shall not reach the decoder any more. */
void decoder_leave(void);
/*
 * Moves the way to the decoder to the descriptor `fd`, for a process that
 * closes all others; false: there is no decoder, `fd` is free.
 */
bool decoder_keep_at(int fd);

struct decode {
	decode_fn *fn;
	const struct span *in;
	size_t count;
	unsigned seconds;  /* of processor time; 0: SANDBOX_SECONDS */
	bool lasts_a_stop; /* what a stop leaves undone is put back by it */
};
/* `answer` must be empty. */
MUST_CHECK bool decoder_run(const struct decode *d, struct secret *answer, struct err *e);

/* Spans in an answer: four bytes of length, the most significant first. */
void span_add(struct buf *answer, const void *bytes, size_t len);
/* Takes the next span off `rest`; false: there is no whole one. */
bool span_take(struct span *rest, struct span *out);

#endif
