/* SPDX-License-Identifier: Apache-2.0 */
#include "config/writer.h"

#include "base/fs.h"
#include "base/text.h"
#include "config/fields.h"

#include <assert.h>
#include <inttypes.h>
#include <sys/types.h>

void put_text(struct writer *w, const char *field, const char *value)
{
	if (value)
		buf_printf(w->out, " %s=%s\n", field, value);
}

void put_number(struct writer *w, const char *field, int64_t value)
{
	buf_printf(w->out, " %s=%" PRId64 "\n", field, value);
}

void put_flag(struct writer *w, const char *field, bool value)
{
	put_text(w, field, value ? "true" : NULL);
}

void put_path(struct writer *w, const char *field, const char *path)
{
	if (path)
		put_text(w, field, fs_beneath(w->directory, path));
}

void put_words(struct writer *w, const char *field, const char *const *words)
{
	if (!words)
		return;
	buf_printf(w->out, " %s=", field);
	for (size_t i = 0; words[i]; i++) {
		buf_puts(w->out, i ? " " : "");
		text_percent(w->out, words[i]);
	}
	buf_puts(w->out, "\n");
}

void put_secret(struct writer *w, const char *field, const struct secret_ref *s)
{
	switch (s->kind) {
	case SECRET_NONE:
		return;
	case SECRET_ENV:
		buf_printf(w->out, " %s=env:%s\n", field, s->name);
		return;
	case SECRET_FILE:
		buf_printf(w->out, " %s=file:%s\n", field, fs_beneath(w->directory, s->name));
		return;
	case SECRET_KEY_FILE:
		buf_printf(w->out, " %s=key_file:%s\n", field, fs_beneath(w->directory, s->name));
		return;
	case SECRET_COMMAND:
		put_words(w, field, s->argv);
		return;
	}
}

/* ---- by the rows ---- */

static const char *canonical_name(const struct field *f)
{
	return f->canonical ? f->canonical : f->key;
}

void write_flag(struct writer *w, const struct field *f, const void *slot)
{
	put_flag(w, canonical_name(f), *(const bool *)slot);
}

void write_count(struct writer *w, const struct field *f, const void *slot)
{
	put_number(w, canonical_name(f), *(const unsigned *)slot);
}

void write_duration(struct writer *w, const struct field *f, const void *slot)
{
	put_number(w, canonical_name(f), *(const int64_t *)slot);
}

void write_choice(struct writer *w, const struct field *f, const void *slot)
{
	put_text(w, canonical_name(f), ((const char *const *)f->param)[*(const unsigned *)slot]);
}

void write_mode(struct writer *w, const struct field *f, const void *slot)
{
	mode_t mode = *(const mode_t *)slot;

	if (mode)
		buf_printf(w->out, " %s=%04o\n", canonical_name(f), (unsigned)mode);
}

void write_path(struct writer *w, const struct field *f, const void *slot)
{
	put_path(w, canonical_name(f), *(const char *const *)slot);
}

void write_place(struct writer *w, const struct field *f, const void *slot)
{
	const char *place = *(const char *const *)slot;

	if (place && *place == '/')
		put_path(w, canonical_name(f), place);
	else
		put_text(w, canonical_name(f), place);
}

void write_words(struct writer *w, const struct field *f, const void *slot)
{
	put_words(w, canonical_name(f), *(const char *const *const *)slot);
}

void write_texts(struct writer *w, const struct field *f, const void *slot)
{
	const char *const *texts = *(const char *const *const *)slot;

	for (; texts && *texts; texts++)
		put_text(w, canonical_name(f), *texts);
}

void write_secret(struct writer *w, const struct field *f, const void *slot)
{
	put_secret(w, canonical_name(f), slot);
}

void write_nested(struct writer *w, const struct field *f, const void *slot)
{
	write_rows(w, f->param, slot);
}

void write_own_record(struct writer *w, const struct field *f, const void *slot)
{
	const void *own = *(const void *const *)slot;

	if (own)
		write_rows(w, f->param, own);
}

void write_row(struct writer *w, const struct field *f, const void *from)
{
	const void *slot = (const char *)from + f->offset;

	assert(f->type->write || f->type->shape == SHAPE_TEXT);
	if (f->type->write)
		f->type->write(w, f, slot);
	else
		put_text(w, canonical_name(f), *(const char *const *)slot);
}

void write_rows(struct writer *w, const struct record *r, const void *from)
{
	for (int last = 0; last <= 1; last++)
		for (const struct field *f = r->fields; f->key; f++)
			if (!f->unsupported && f->last == last)
				write_row(w, f, from);
}
