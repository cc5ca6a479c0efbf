/* SPDX-License-Identifier: Apache-2.0 */
#include "config/values.h"

#include "base/clock.h"
#include "base/text.h"
#include "config/pathname.h"
#include "config/placeholder.h"
#include "config/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	DAY = 24 * 3600,
	DAYS_AHEAD = 90, /* of an acknowledgement */
};

static bool one_line(struct loader *ld, const struct field *f, const struct node *n)
{
	for (const char *at = n->text; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return config_error(ld, n,
					    "'%s' holds a line break or another control character",
					    f->key);
	return true;
}

bool value_raw(struct loader *ld, const struct field *f, const struct node *n)
{
	if (n->kind != NODE_TEXT)
		return wrong_kind(ld, f, n, "text");
	if (!n->count)
		return config_error(ld, n, "'%s' is empty", f->key);
	if (n->count > EXPANDED_LIMIT)
		return config_error(ld, n, "'%s' is longer than %d bytes", f->key, EXPANDED_LIMIT);
	return one_line(ld, f, n);
}

static bool expand(struct loader *ld, const struct field *f, const struct node *n, enum grammar g,
		   const char **out)
{
	if (!value_raw(ld, f, n))
		return false;
	if (!placeholder_in(n->text)) {
		*out = n->text;
		return true;
	}
	if (!placeholder_expand(ld, n, g, out))
		return false;
	return **out ||
	       config_error(ld, n, "'%s' is empty, once placeholders are replaced", f->key);
}

bool value_text(struct loader *ld, const struct field *f, const struct node *n, const char **out)
{
	return expand(ld, f, n, f->type ? f->type->grammar : GRAMMAR_TEXT, out);
}

bool value_path(struct loader *ld, const struct field *f, const struct node *n, const char **out)
{
	const char *text = NULL;

	if (!expand(ld, f, n, GRAMMAR_PATH, &text))
		return false;
	*out = path_resolve(ld, n->source, text);
	return true;
}

static bool values_read_text(struct loader *ld, const struct field *f, const struct node *n,
			     void *slot)
{
	return value_text(ld, f, n, slot);
}

static bool read_path(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	return value_path(ld, f, n, slot);
}

static bool values_read_file(struct loader *ld, const struct field *f, const struct node *n,
			     void *slot)
{
	if (!value_raw(ld, f, n))
		return false;
	*(const char **)slot = n->text;
	return true;
}

bool name_is_valid(const char *name)
{
	static const char first[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	size_t len = strlen(name);

	return len && len <= NAME_LIMIT && strchr(first, *name) &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
		       len;
}

static bool values_read_name(struct loader *ld, const struct field *f, const struct node *n,
			     void *slot)
{
	const char *text = NULL;

	if (!value_text(ld, f, n, &text))
		return false;
	if (!name_is_valid(text))
		return config_error(
			ld, n,
			"'%s' cannot be '%s': a name has up to 64 of A-Z a-z 0-9 . _ - and begins with a letter or digit",
			f->key, shown(ld, n->text));
	*(const char **)slot = text;
	return true;
}

static bool read_variable(struct loader *ld, const struct field *f, const struct node *n,
			  void *slot)
{
	static const char prefix[] = "CERTFLEET_";
	size_t start = sizeof(prefix) - 1;

	if (!value_raw(ld, f, n))
		return false;
	if (strncmp(n->text, prefix, start) || !n->text[start] ||
	    n->text[strspn(n->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")])
		return config_error(
			ld, n,
			"'%s' cannot be '%s': a variable begins with CERTFLEET_ and has only A-Z 0-9 _",
			f->key, shown(ld, n->text));
	*(const char **)slot = n->text;
	return true;
}

static bool read_flag(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	if (n->kind == NODE_TEXT)
		return config_error(ld, n, "'%s' must be true or false, not the text \"%s\"",
				    f->key, shown(ld, n->text));
	if (n->kind != NODE_BOOL)
		return config_error(ld, n, "'%s' must be true or false, not %s", f->key,
				    node_kind_words(n));
	*(bool *)slot = *n->text == 't' || *n->text == 'T';
	return true;
}

static bool read_unless(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	bool said = true;

	if (!read_flag(ld, f, n, &said))
		return false;
	*(bool *)slot = !said;
	return true;
}

static bool parse_count(const struct node *n, int64_t *out)
{
	if (n->kind != NODE_INTEGER || n->count > 18 || n->text[strspn(n->text, "0123456789")])
		return false;
	if (*n->text == '0' && n->count > 1)
		return false; /* octal in some parsers */
	*out = strtoll(n->text, NULL, 10);
	return true;
}

static bool not_a_count(struct loader *ld, const struct field *f, const struct node *n)
{
	if (n->kind == NODE_TEXT)
		return config_error(ld, n, "'%s' must be a whole number, not the text \"%s\"",
				    f->key, shown(ld, n->text));
	if (n->kind >= NODE_LIST || !n->count)
		return config_error(ld, n, "'%s' must be a whole number, not %s", f->key,
				    node_kind_words(n));
	return config_error(ld, n,
			    "'%s' must be a whole number without sign or leading zeros, not %s",
			    f->key, shown(ld, n->text));
}

static bool values_read_count(struct loader *ld, const struct field *f, const struct node *n,
			      void *slot)
{
	const struct bounds *b = f->param;
	int64_t count = 0;

	if (!parse_count(n, &count))
		return not_a_count(ld, f, n);
	if (count < b->least || count > b->most)
		return config_error(ld, n, "'%s' must be %lld to %lld, not %lld", f->key,
				    (long long)b->least, (long long)b->most, (long long)count);
	*(unsigned *)slot = (unsigned)count;
	return true;
}

static bool read_version(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	int64_t version = 0;

	if (!parse_count(n, &version) || version != 1)
		return config_error(ld, n, "'%s' must be 1, the only format this version reads",
				    f->key);
	*(unsigned *)slot = 1;
	return true;
}

bool value_duration(struct loader *ld, const struct field *f, const struct node *n, int64_t *out)
{
	const struct bounds *b = f->param;
	char least[DURATION_TEXT];
	char most[DURATION_TEXT];
	int64_t seconds = 0;

	if (n->kind == NODE_LIST || n->kind == NODE_MAPPING || n->kind == NODE_NULL)
		return wrong_kind(ld, f, n, "a duration like 90d");
	if (!duration_parse(n->text, &seconds))
		return config_error(ld, n, "'%s' must be a duration like 90d or 12h, not '%s'",
				    f->key, shown(ld, n->text));
	if (seconds < b->least || seconds > b->most)
		return config_error(ld, n, "'%s' must be %s to %s", f->key,
				    duration_words(b->least, least), duration_words(b->most, most));
	*out = seconds;
	return true;
}

static bool read_duration(struct loader *ld, const struct field *f, const struct node *n,
			  void *slot)
{
	return value_duration(ld, f, n, slot);
}

static bool values_read_choice(struct loader *ld, const struct field *f, const struct node *n,
			       void *slot)
{
	const char *const *names = f->param;
	AUTO(buf) all = { 0 };

	if (n->kind == NODE_LIST || n->kind == NODE_MAPPING || n->kind == NODE_NULL)
		return wrong_kind(ld, f, n, "text");
	for (unsigned i = 0; names[i]; i++) {
		if (!strcmp(names[i], n->text)) {
			*(unsigned *)slot = i;
			return true;
		}
		buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
	}
	if (!loader_can_report(ld))
		return config_error(ld, n, "unknown choice");

	const char *meant = text_nearest(n->text, names);

	if (meant)
		return config_error(ld, n, "'%s' cannot be '%s', did you mean '%s'?", f->key,
				    shown(ld, n->text), meant);
	return config_error(ld, n, "'%s' cannot be '%s'; it is one of: %s", f->key,
			    shown(ld, n->text), buf_text(&all));
}

static bool read_mode(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	if (!value_raw(ld, f, n))
		return false;

	size_t digits = strspn(n->text, "01234567");

	if (n->text[digits] || digits < 3 || digits > 4 || (digits == 4 && *n->text != '0'))
		return config_error(
			ld, n, "'%s' must be three or four octal digits like \"0640\", not '%s'",
			f->key, shown(ld, n->text));

	mode_t mode = (mode_t)strtoul(n->text, NULL, 8);

	if (mode & (S_IRWXO | S_IWGRP | S_IXGRP | S_IXUSR) || !(mode & S_IRUSR))
		return config_error(
			ld, n,
			"'%s' cannot be '%s': a key is for its owner, and at most readable by its group, \"0640\"",
			f->key, shown(ld, n->text));
	*(mode_t *)slot = mode;
	return true;
}

static bool read_day(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	const char *digits = "0123456789";
	int64_t day = 0;
	int64_t now = clock_now();

	if (!value_raw(ld, f, n))
		return false;
	if (strlen(n->text) != strlen("2026-12-24") || strspn(n->text, digits) != 4 ||
	    !time_parse(n->text, &day))
		return config_error(ld, n, "'%s' cannot be '%s': a day is written as 2026-12-24",
				    f->key, shown(ld, n->text));
	if (day > now + DAYS_AHEAD * DAY)
		return config_error(ld, n, "'%s' cannot be '%s': it is more than %d days ahead",
				    f->key, shown(ld, n->text), DAYS_AHEAD);
	*(int64_t *)slot = day + DAY;
	return true;
}

const struct field_type text_type = { values_read_text, SHAPE_TEXT, NULL };
const struct field_type argument_type = { values_read_text, SHAPE_TEXT, NULL, GRAMMAR_ARGUMENT };
const struct field_type program_type = { values_read_text, SHAPE_TEXT, NULL, GRAMMAR_PROGRAM,
					 .words = "program" };
const struct field_type subject_type = { values_read_text, SHAPE_TEXT, NULL, GRAMMAR_SUBJECT,
					 .words = "distinguished name" };
const struct field_type host_type = { values_read_text, SHAPE_TEXT, NULL, GRAMMAR_ADDRESS,
				      .words = "host" };
const struct field_type object_key_type = { values_read_text, SHAPE_TEXT, NULL, GRAMMAR_KEY };
const struct field_type object_name_type = { values_read_text, SHAPE_TEXT, NULL, GRAMMAR_NAME,
					     .words = "component name" };
const struct field_type account_type = { values_read_text, SHAPE_TEXT, NULL, GRAMMAR_ACCOUNT,
					 .words = "name or number" };
const struct field_type name_type = { values_read_name, SHAPE_TEXT, NAME_PATTERN, .words = "name" };
const struct field_type path_type = { read_path, SHAPE_TEXT, NULL, .words = "path",
				      .write = write_path };
const struct field_type file_type = { values_read_file, SHAPE_TEXT, NULL, .words = "path" };
const struct field_type variable_type = { read_variable, SHAPE_TEXT, "^CERTFLEET_[A-Z0-9_]+$",
					  .words = "variable" };
const struct field_type flag_type = { read_flag, SHAPE_FLAG, NULL, .write = write_flag };
const struct field_type unless_type = { read_unless, SHAPE_FLAG, NULL, .write = write_flag };
const struct field_type day_type = { read_day, SHAPE_TEXT, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
				     .words = "day" };
const struct field_type count_type = { values_read_count, SHAPE_COUNT, NULL, .write = write_count };
const struct field_type version_type = { read_version, SHAPE_VERSION, NULL };
const struct field_type duration_type = { read_duration, SHAPE_TEXT, "^[0-9]+[smhdwy]$",
					  .words = "duration", .write = write_duration };
const struct field_type choice_type = { values_read_choice, SHAPE_CHOICE, NULL,
					.write = write_choice };
const struct field_type mode_type = { read_mode, SHAPE_TEXT, "^0?[46][04]0$", .words = "octal mode",
				      .write = write_mode };
