/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical text of a fleet, one " field=value" per line, for canonical.c
 * and the types of the rows.  A value is one line because the loader accepts no
 * control characters, or because it is percent-encoded.  Absent fields are
 * omitted.
 */
#ifndef CONFIG_WRITER_H
#define CONFIG_WRITER_H

#include "base/buf.h"
#include "config/fields.h"
#include "model/fleet.h"
#include "model/http_spec.h"

#include <stdbool.h>
#include <stdint.h>

struct writer {
	const char *directory; /* base of relative paths */
	struct buf *out;
};

void put_text(struct writer *w, const char *field, const char *value);
void put_number(struct writer *w, const char *field, int64_t value);
void put_flag(struct writer *w, const char *field, bool value);
void put_path(struct writer *w, const char *field, const char *path);
/* Words that may contain blanks, on one line. */
void put_words(struct writer *w, const char *field, const char *const *words);
/* Writes the reference, not the secret. */
void put_secret(struct writer *w, const char *field, const struct secret_ref *s);
void put_call(struct writer *w, const char *verb, const struct http_call *c);

/*
 * The rows of a record, read from the struct `from`: what the loader has read by
 * a row is written by the same row.
 */
void write_rows(struct writer *w, const struct record *r, const void *from);
void write_row(struct writer *w, const struct field *f, const void *from);

/* For struct field_type. */
field_writer write_flag;
field_writer write_count;
field_writer write_duration;
field_writer write_choice;
field_writer write_mode;
field_writer write_path;  /* relative to the checkout: it is on this machine */
field_writer write_place; /* a path, or a URL */
field_writer write_words; /* of one command */
field_writer write_texts; /* one line for each */
field_writer write_secret;
field_writer write_nested;
field_writer write_own_record;
field_writer write_request;

#endif
