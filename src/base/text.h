/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text functions: escaping for display, shell, URLs; UTF-8, hex, base64.
 *
 * Text from fleet files, components, CAs, servers and child processes is shown
 * through text_escape() only, so that it cannot forge a line, move the cursor
 * or hide behind a bidirectional mark.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	TEXT_SHOWN_LIMIT = 300,
	TEXT_QUOTED = 400,
	FINGERPRINT_TEXT = 65
};

/*
 * Appends `len` bytes of foreign text: control, bidirectional and invalid UTF-8
 * bytes as \xNN, cut after TEXT_SHOWN_LIMIT bytes with "...".
 */
void text_escape(struct buf *out, const char *bytes, size_t len);
/* The same without the cut, for our own messages. */
void text_escape_whole(struct buf *out, const char *bytes, size_t len);
/*
 * The same of each line by itself; `between` stands for a newline, and begins with
 * one.  For a message that quotes a program: no line of that looks like one of ours.
 */
void text_escape_lines(struct buf *out, const char *text, const char *between);
/*
 * Appends what a program printed to the message of its failure, at most the last
 * TEXT_QUOTED bytes: ": " and the only line, or ":" and every line after a newline,
 * escaped; nothing when it is blank.
 */
void text_quote(struct buf *out, const char *bytes, size_t len);
/* text_escape() as a string in an arena. */
const char *text_escaped(struct arena *a, const char *text);

/*
 * How many columns of a terminal escaped text takes: two for a character of
 * East Asia and for a picture, none for a mark that is drawn over another
 * character in Latin, Greek or Cyrillic text, one for any other.
 */
size_t text_width(const char *text);

/*
 * Appends `text` as one word of a shell: as it is, in single quotes, or,
 * with bytes that text_escape() would not show, as bash's $'...'.  Never cut:
 * a command line is exact or no use.
 */
void text_shell_word(struct buf *out, const char *text);
/* The words of a command, which end with NULL. */
void text_shell_words(struct buf *out, const char *const *words);
/*
 * Splits `text` into words as a shell does, by blanks, quotes and backslashes; nothing is
 * expanded.  The list ends with NULL and is in `a`.  False: a quote is not closed, or nothing
 * follows a backslash.
 */
bool text_shell_split(const char *text, struct arena *a, const char *const **words, size_t *count);

/* Valid UTF-8 without surrogates, overlong forms or NUL. */
bool text_is_utf8(const char *bytes, size_t len);
/* NULL equals only NULL; lists of words end with NULL. */
bool text_equal(const char *a, const char *b);
bool words_equal(const char *const *a, const char *const *b);
/* First occurrence of `text` in `bytes` (`len` may be 0), or NULL. */
const void *bytes_find(const void *bytes, size_t len, const char *text);

/* Appends `text` with all but [A-Za-z0-9._-] as %NN. */
void text_percent(struct buf *out, const char *text);

/* Lower-case hex; `out` has room for 2 * len + 1. */
void text_hex(const void *bytes, size_t len, char *out);
/* Decodes hex (either case) that must be exactly `len` bytes. */
bool text_unhex(const char *hex, void *bytes, size_t len);
/* True for "" or a fingerprint: 64 lower-case hex digits. */
bool text_is_fingerprint(const char *text);

/* Base64 without line breaks; decoding refuses any other form. */
void text_base64(struct buf *out, const void *bytes, size_t len);
/* The same for a secret. */
void text_base64_secret(struct secret *out, const void *bytes, size_t len);
/* Largest number of bytes text_unbase64() writes for `len` characters. */
size_t text_unbase64_room(size_t len);
bool text_unbase64(const char *text, size_t len, void *bytes, size_t *got);

/* For qsort(3) and bsearch(3): strings, or structs whose first member is one. */
int text_compare(const void *left, const void *right);
/* The same of structs whose second member is one too, or NULL, which is as "". */
int text_compare_two(const void *left, const void *right);
/* Sorts the texts and drops those that repeat; returns how many are left. */
size_t text_set(const char **texts, size_t count);
/*
 * The item with this text in an array sorted by text_compare(), also an empty one; of
 * several, any.  NULL: none.
 */
void *text_find(const char *text, const void *items, size_t count, size_t size);

/*
 * The candidate of which `word` is probably a typo, or NULL.  `candidates` ends
 * with NULL.
 */
const char *text_nearest(const char *word, const char *const *candidates);

#endif
