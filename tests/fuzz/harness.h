/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every fuzz target shares.
 *
 * A target is one file, tests/fuzz/NAME.c, with two functions: fuzz_one()
 * hands bytes to a parser of src/, and fuzz_seeds() writes down good inputs,
 * from which the fuzzer starts.  A target that gets no further than the first
 * check is of no use, so what guards a parser (a hash, a signature) is made
 * by the target around the bytes.
 *
 * The harness holds the rules: no crash, no leak, and for one input at most
 * FUZZ_SECONDS of processor time and FUZZ_MEMORY bytes of live memory.  The
 * clock stands still, random bytes are always the same, strangers' bytes are
 * decoded in this process instead of a child, and key derivations cost next
 * to nothing.
 */
#ifndef TESTS_FUZZ_HARNESS_H
#define TESTS_FUZZ_HARNESS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "pki/import.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	FUZZ_NOW = 1800000000,
	FUZZ_SECONDS = 2,
	FUZZ_MEMORY = 256 * 1024 * 1024,
};

/* ---- what a target has ---- */

void fuzz_one(const uint8_t *bytes, size_t len);
void fuzz_seeds(void);

/* ---- seeds ---- */

void seed(const void *bytes, size_t len);
void seed_text(const char *text);
/*
 * `unit` as often as goes into 60 KB, between the two: what takes time by the
 * square of its length shows.
 */
void seed_many(const char *begin, const char *unit, const char *end);
/* Much of what a reader of PEM looks for. */
void seed_much_pem(void);
/* ZIP archives of the first entries, none to all of them: plain, and encrypted with ZIP_PASSWORD.
 */
#define ZIP_PASSWORD "0123456789abcdef"
struct bundle_entry;
void seed_zips(struct bundle_entry *items, size_t count);
/* Every file of a folder of tests/ whose name ends so. */
void seed_files(const char *folder, const char *ending);

/* ---- inputs ---- */

/* An input that is taken apart; what is not there is empty or 0. */
struct feed {
	const uint8_t *at;
	size_t left;
};

unsigned feed_byte(struct feed *f);
/* Up to the next line that says "---"; NUL-terminated, in `a`. */
const char *feed_part(struct feed *f, struct arena *a, size_t *len);
bool feed_is_empty(const struct feed *f);

/* The bytes as a file of a folder of this process; its path. */
const char *fuzz_file(const char *name, const void *bytes, size_t len);
const char *fuzz_folder(void);

/* A copy that is exactly as long, so that reading past it shows. */
struct secret secret_of(const void *bytes, size_t len);
/* One file of a stranger, read as `kind`; checks how it fails. */
bool fuzz_import(enum import_kind kind, struct secret file, const char *password, struct pair *out);
/* A pair of FUZZ_NOW for CN=shop.example.com, always the same. */
const struct pair *fuzz_pair(void);
/* The same for its authority. */
const struct pair *fuzz_authority(void);

/* What the decoding process answers instead of decoding; NULL: it decodes. */
extern const struct secret *fuzz_answer;

/* The call's result does not matter. */
#define TRY(call)              \
	do {                   \
		if (!(call))   \
			break; \
	} while (0)

/* Breaks the run when what must hold of a parser's result does not. */
#define HOLDS(condition)                  \
	do {                              \
		if (!(condition))         \
			__builtin_trap(); \
	} while (0)

#endif
