/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A secret: bytes that must not leak (keys, passphrases, tokens).
 *
 * A secret owns its memory and wipes it on release; the process writes no core
 * dumps.  `AUTO(secret) s = { 0 };` is empty.  No function prints a secret.
 * Hand over with TAKE().
 *
 * Guaranteed: each block of ours that held a secret is wiped before it is
 * freed, also when it grows; blocks of jansson, curl and libssh2 are wiped by
 * wipe_free(), and so are the states of our hashes and ciphers.  Not
 * guaranteed: memory is not locked, so the kernel may write it to swap space
 * (encrypt it, or have none); GnuTLS wipes its keys, but not every intermediate
 * number; registers and the stack below a library call keep their last content;
 * and the kernel keeps data in pipes and sockets until it is read.
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

/* Allocates `len` zeroed bytes; `s` must be empty. */
void secret_alloc(struct secret *s, size_t len);
/* Copies `bytes`; `s` must be empty. */
void secret_copy(struct secret *s, const void *bytes, size_t len);
/* Appends `more` zeroed bytes and returns a pointer to them. */
unsigned char *secret_grow(struct secret *s, size_t more);
void secret_add(struct secret *s, const void *bytes, size_t len);
/* Overwrites memory; the compiler cannot drop this. */
void wipe(void *bytes, size_t len);
/*
 * free() and realloc() that wipe the old memory, for libraries that handle
 * secrets in their own memory.
 */
void wipe_free(void *memory);
void *wipe_realloc(void *memory, size_t size);

#endif
