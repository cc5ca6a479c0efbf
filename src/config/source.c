/* SPDX-License-Identifier: Apache-2.0 */
#include "config/loader.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/trusted_file.h"
#include "config/include.h"
#include "config/placeholder.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	MESSAGE_TEXT = 1024,
	SOURCE_LIMIT = 1024
};

void loader_release(struct loader *ld)
{
	arena_release(&ld->fleet.arena);
	arena_release(&ld->work);
	lookup_release(&ld->issuers.names);
	lookup_release(&ld->certificates.names);
	lookup_release(&ld->roles.names);
	lookup_release(&ld->components.names);
	lookup_release(&ld->issuer_forms);
	lookup_release(&ld->certificate_forms);
	lookup_release(&ld->role_forms);
	fd_auto(&ld->dirfd);
}

bool loader_can_report(const struct loader *ld)
{
	return ld->diags->list.count < DIAG_LIMIT;
}

static size_t bytes_held(const struct loader *ld)
{
	return ld->fleet.arena.held + ld->work.held;
}

bool loader_has_room(struct loader *ld, const struct node *at)
{
	if (ld->full)
		return false;
	if (bytes_held(ld) <= ld->unexpanded + EXPANDED_BYTES)
		return true;
	ld->full = true;
	return config_error(
		ld, at,
		"the fleet takes more than %d MiB once its groups are expanded; divide it into several fleets",
		EXPANDED_BYTES / 1024 / 1024);
}

const char *shown(struct loader *ld, const char *text)
{
	if (!loader_can_report(ld))
		return "";
	return text_escaped(&ld->work, text);
}

static void index_lines(struct loader *ld, struct source *s)
{
	VEC(uint32_t) lines = { 0 };
	const char *at = s->text;
	const char *end = s->text + s->len;

	VEC_PUSH(&lines, &ld->work, 0);
	while (at < end) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			break;
		at++;
		VEC_PUSH(&lines, &ld->work, (uint32_t)(at - s->text));
	}
	s->lines = lines.items;
	s->line_count = lines.count;
}

struct where source_where(struct loader *ld, uint16_t source, uint32_t at)
{
	struct source *s = &ld->sources.items[source];
	size_t low = 0;

	if (!s->lines)
		index_lines(ld, s);

	size_t high = s->line_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (s->lines[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return (struct where){ .source = s->diag,
			       .line = (uint32_t)low + 1,
			       .column = at - s->lines[low] + 1 };
}

uint32_t line_of(struct loader *ld, const struct node *n)
{
	return source_where(ld, n->source, n->at).line;
}

/*
 * The item of a group that a message about a placeholder is for: a CSV row by
 * its position, because nothing of a CSV file is shown, an item of a list by
 * its name.
 */
static const char *item_words(struct loader *ld, const struct node *at)
{
	const struct scope *s = ld->scope;

	if (!s || !s->item || at->kind >= NODE_LIST || !at->text || !placeholder_in(at->text) ||
	    !loader_can_report(ld))
		return "";
	if (!s->csv)
		return arena_printf(&ld->work, " (item '%s')", shown(ld, s->each));
	return arena_printf(&ld->work, " (row %s:%u)",
			    shown(ld, ld->sources.items[s->item->source].name),
			    line_of(ld, s->item));
}

bool config_error(struct loader *ld, const struct node *at, const char *fmt, ...)
{
	char text[MESSAGE_TEXT];
	struct where where = source_where(ld, at->source, at->at);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	diag_error(ld->diags, where, "%s%s", text, item_words(ld, at));
	return false;
}

void warn(struct loader *ld, const struct node *at, const char *fmt, ...)
{
	char text[MESSAGE_TEXT];
	struct where where = source_where(ld, at->source, at->at);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	diag_warn(ld->diags, where, "%s", text);
}

uint16_t source_add(struct loader *ld, struct source s)
{
	s.text = arena_strndup(&ld->fleet.arena, s.text, s.len);
	s.diag = diag_source(ld->diags, s.name, NULL, 0);
	VEC_PUSH(&ld->sources, &ld->work, s);
	return (uint16_t)(ld->sources.count - 1);
}

void source_quotable(struct loader *ld, uint16_t source)
{
	const struct source *s = &ld->sources.items[source];
	struct diag_source *d = &ld->diags->sources.items[s->diag];

	d->text = s->text;
	d->len = s->len;
}

bool source_known(const struct loader *ld, const char *path, uint16_t *source)
{
	for (size_t i = 0; i < ld->sources.count; i++) {
		if (strcmp(ld->sources.items[i].path, path))
			continue;
		*source = (uint16_t)i;
		return true;
	}
	return false;
}

/* Removes "." and inner "..", to get the path as the user would write it. */
static const char *clean_path(struct loader *ld, const char *path)
{
	return fs_absolute(&ld->work, arena_printf(&ld->work, "/%s", path)) + 1;
}

bool source_read(struct loader *ld, const struct node *path, uint16_t *source)
{
	const struct source from = ld->sources.items[path->source];
	const char *seen = fs_relative_to(&ld->work, from.path, path->text);
	const char *clean = clean_path(ld, seen);
	AUTO(buf) text = { 0 };
	struct err e = { 0 };

	if (source_known(ld, clean, source))
		return true;
	if (ld->sources.count >= SOURCE_LIMIT)
		return config_error(ld, path, "more than %d files are read", SOURCE_LIMIT);
	if (*path->text == '/')
		return config_error(
			ld, path,
			"'%s' is not beneath the fleet file's directory; write a relative path",
			shown(ld, path->text));
	if (!fs_read_beneath(ld->dirfd, seen, YAML_BYTES, &text, &e))
		return config_error(ld, path, "%s", e.text);
	ld->read += text.len;
	if (ld->read > SOURCES_BYTES)
		return config_error(ld, path, "the files of a fleet have more than %d MiB together",
				    SOURCES_BYTES / 1024 / 1024);
	ld->unexpanded += text.len;

	size_t bom = text.len >= 3 && !memcmp(text.data, "\xef\xbb\xbf", 3) ? 3 : 0;

	*source =
		source_add(ld, (struct source){
				       .name = fs_relative_to(&ld->work, from.name, path->text),
				       .path = arena_strdup(&ld->fleet.arena, clean),
				       .directory = fs_dirname(
					       &ld->work, arena_printf(&ld->work, "%s/%s",
								       ld->fleet.directory, clean)),
				       .text = buf_text(&text) + bom,
				       .len = text.len - bom,
			       });
	return true;
}

bool source_read_csv(struct loader *ld, const struct node *path, uint16_t *source)
{
	const char *from = ld->sources.items[path->source].path;
	const char *seen = fs_relative_to(&ld->work, from, path->text);
	mode_t mode = 0;

	if (ld->beneath && fs_mode_beneath(ld->dirfd, seen, &mode) && !(mode & S_IROTH))
		return config_error(
			ld, path,
			"a confined plan reads no CSV file that others may not read: '%s' has mode %04o; chmod o+r it when it holds no secret",
			shown(ld, path->text), (unsigned)mode & 07777);
	if (!source_read(ld, path, source))
		return false;
	ld->sources.items[*source].csv = path;
	return true;
}

static bool source_open_directory(struct loader *ld, const char *path, struct err *e)
{
	const char *directory = fs_dirname(&ld->work, path);

	ld->fleet.path = arena_strdup(&ld->fleet.arena, path);
	ld->fleet.directory = fs_absolute(&ld->fleet.arena, directory);
	ld->dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ld->dirfd < 0)
		return err_sys(e, "cannot open directory '%s'", directory);
	return true;
}

static bool read_main(const struct loader *ld, const char *path, const char *name, struct buf *text,
		      struct err *e)
{
	if (ld->given) {
		buf_add(text, ld->given->data, ld->given->len);
		return true;
	}
	if (ld->beneath)
		return fs_read_beneath(ld->dirfd, name, YAML_BYTES, text, e);
	return ld->trusted ? trusted_file_text(path, YAML_BYTES, text, e)
			   : fs_read(path, YAML_BYTES, text, e);
}

bool source_read_main(struct loader *ld, const char *path, struct err *e)
{
	AUTO(buf) text = { 0 };
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (!source_open_directory(ld, path, e) || !read_main(ld, path, name, &text, e))
		return false;

	size_t bom = text.len >= 3 && !memcmp(text.data, "\xef\xbb\xbf", 3) ? 3 : 0;
	uint16_t source = source_add(ld, (struct source){
						 .name = ld->fleet.path,
						 .path = arena_strdup(&ld->fleet.arena, name),
						 .directory = ld->fleet.directory,
						 .text = buf_text(&text) + bom,
						 .len = text.len - bom,
					 });

	ld->read = text.len;
	if (!ld->beneath || begins_as_fleet_file(&ld->sources.items[source])) {
		source_quotable(ld, source);
		return true;
	}

	const struct node start = { .source = source };

	config_error(ld, &start,
		     "a fleet file that nobody has reviewed begins with 'certfleet: 1'");
	return true;
}
