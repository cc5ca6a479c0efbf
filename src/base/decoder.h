/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder: a process that decodes untrusted bytes (ASN.1, archives) and
 * never held a secret of its own.
 *
 * decoder_start() forks the decoder right after process set-up, before a fleet
 * file is read, a key unsealed or a thread started.  The decoder wipes its
 * environment, holds no descriptor but the socket to its parent, ignores INT,
 * TERM and HUP, cannot be dumped, and ends with its parent.  Bytes go in, bytes
 * come out: a request names one function of the table that main() gave, never a
 * command.  Each request is decoded by its own child (base/sandbox.h), so
 * hostile bytes cannot reach another request; passwords and keys needed for
 * decoding travel with the request and are wiped afterwards.
 *
 * The answer is untrusted as well: the client checks lengths, counts and
 * structure, and computes hashes itself.
 *
 * A process forked from the one that started the decoder opens its own channel
 * at its first request.  Once the decoder has exited, every request is an
 * error; nothing is ever decoded elsewhere instead.  In a program without a
 * decoder (a test) each request is decoded by a child of the program itself.
 *
 * The sockets to the decoder are the one mutable global beside the stop flag.
 * Only one thread may make requests at a time; requests that do not depend on each
 * other are made side by side by decoder_run_all(), each over a channel of its own.
 */
#ifndef BASE_DECODER_H
#define BASE_DECODER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	DECODER_REQUEST_LIMIT = 66 * 1024 * 1024, /* bytes; a bundle and some room */
	DECODER_SPAN_LIMIT = 4096,                /* spans in one request */
	DECODER_SECONDS_LIMIT = 300,              /* seconds of processor time */
};

/* Borrowed bytes. */
struct span {
	const void *bytes;
	size_t len;
};

/* Runs in the child; `in` is its only input. */
typedef bool decode_fn(const struct span *in, size_t count, struct buf *answer, struct err *e);

/* `table` ends with NULL and must stay valid.  To be called while there is one thread. */
MUST_CHECK bool decoder_start(decode_fn *const *table, struct err *e);
/* Closes the sockets, for a process that must not use the decoder. */
void decoder_leave(void);
/*
 * Moves the socket to the decoder to descriptor `fd`, for a process that closes
 * all others.  False: there is no decoder, and `fd` is free.
 */
bool decoder_keep_at(int fd);

struct decode {
	decode_fn *fn;
	const struct span *in;
	size_t count;
	unsigned seconds;  /* of processor time; 0: SANDBOX_SECONDS */
	bool lasts_a_stop; /* not cut off by a stop: a rollback needs the result */
};
/* `answer` must be empty. */
MUST_CHECK bool decoder_run(const struct decode *d, struct secret *answer, struct err *e);
/*
 * The same for at most SANDBOX_AT_ONCE requests, of which the first says whether they last
 * a stop.  The error is that of the first one that failed; then there are no answers.
 */
MUST_CHECK bool decoder_run_all(const struct decode *list, size_t count, struct secret *answers,
				struct err *e);

/* Spans in an answer: a length of four bytes, big-endian, then the bytes. */
void span_add(struct buf *answer, const void *bytes, size_t len);
/* Removes the next span from `rest`; false when no complete span is left. */
bool span_take(struct span *rest, struct span *out);

#endif
