/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes nobody may see: keys, passphrases, tokens.
 *
 * Owns its memory, kept out of core dumps, and wipes it on release.
 * `AUTO(secret) s = { 0 };` is empty.  There is no way to print one.  Hand
 * over with TAKE().
 *
 * What holds: each block of ours that held one is wiped before it is freed,
 * when it grows as well; jansson's, curl's and libssh2's blocks are wiped by
 * wipe_free(), and so are the states of our hashes and ciphers.  What does
 * not: memory is not locked, so the kernel may write it to the swap space
 * (encrypt that, or have none); GnuTLS wipes its keys, but not every number in
 * between; registers and the stack below a library's call keep what was there
 * last; and the kernel keeps what passes through pipes and sockets until it is
 * read.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/auto.h"

#include <stdbool.h>
#include <stddef.h>

struct secret {
	unsigned char *bytes; /* NUL-terminated beyond `len` */
	size_t len;
};

void secret_release(struct secret *s);
AUTO_STRUCT(secret, struct secret, secret_release)

/* `len` zeroed bytes; `s` must be empty. */
void secret_alloc(struct secret *s, size_t len);
/* A copy of `bytes`; `s` must be empty. */
void secret_copy(struct secret *s, const void *bytes, size_t len);
/* Makes it longer by `more` zeroed bytes, and returns where they begin. */
unsigned char *secret_grow(struct secret *s, size_t more);
void secret_add(struct secret *s, const void *bytes, size_t len);
/* Overwrites memory in a way the compiler keeps. */
void wipe(void *bytes, size_t len);
/*
 * free() and realloc() that leave nothing behind, for libraries that handle
 * secrets in memory of their own.
 */
void wipe_free(void *memory);
void *wipe_realloc(void *memory, size_t size);

#endif
