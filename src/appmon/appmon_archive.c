/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The support archive: "Collector/HOST/SEGMENT/PID/..." holds what belongs to one
 * process.  Its component.properties has the start time, its collector.config.xml
 * the name.  Nothing else of it is kept.
 */
#include "appmon/appmon_read.h"

#include "base/text.h"
#include "base/vec.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

AUTO_TYPE(archive_reader, struct archive *, archive_read_free)

#define PLACE "Collector/"
#define PROPERTIES "component.properties"
#define CONFIG "collector.config.xml"
#define START_KEY "eclipse.startTime"

/* What one file says of its process. */
struct process_file {
	const char *place; /* "Collector/HOST/SEGMENT/PID/" */
	const char *name;  /* NULL: not told */
	int64_t started;   /* 0: not told */
};

struct archive_walk {
	struct archive *archive;
	struct arena *arena;
	VEC(struct process_file) files;
};

static bool archive_fail(struct archive *from, struct err *e)
{
	const char *why = archive_error_string(from);
	AUTO(buf) shown = { 0 };

	if (why)
		text_escape(&shown, why, strlen(why));
	return err_set(e, ERR_REMOTE, "it is no intact ZIP archive: %s",
		       why ? buf_text(&shown) : "no reason given");
}

/* Bytes of "Collector/HOST/SEGMENT/PID/" at the beginning of the name; 0: it is of none. */
static size_t place_len(const char *name)
{
	const char *at = name;

	if (strncmp(name, PLACE, strlen(PLACE)) != 0)
		return 0;
	for (int slashes = 0; slashes < 4; slashes++) {
		at = strchr(at, '/');
		if (!at)
			return 0;
		at++;
	}
	return (size_t)(at - name);
}

static bool archive_name_ends(const char *name, const char *file)
{
	const char *last = strrchr(name, '/');

	return last && !strcmp(last + 1, file);
}

static bool archive_file(struct archive_walk *w, struct buf *out, struct err *e)
{
	char chunk[16 * 1024];
	la_ssize_t got = 0;

	do {
		got = archive_read_data(w->archive, chunk, sizeof(chunk));
		if (got < 0)
			return archive_fail(w->archive, e);
		buf_add(out, chunk, (size_t)got);
	} while (got && !out->failed);
	return !out->failed ||
	       err_set(e, ERR_REMOTE, "a file in it has more than %zu bytes", out->limit);
}

/* The value of the key in a properties file; 0: none. */
static int64_t start_time(const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *at = line + strspn(line, " \t");
		char *end = NULL;
		long long value = 0;

		if (strncmp(at, START_KEY, strlen(START_KEY)) != 0)
			continue;
		at += strlen(START_KEY);
		at += strspn(at, " \t");
		if (*at != '=' && *at != ':')
			continue;
		value = strtoll(at + 1, &end, 10);
		if (value > 0 && strchr("\r\n \t", *end))
			return value;
	}
	return 0;
}

static bool archive_entry_read(struct archive_walk *w, const char *name, struct err *e)
{
	size_t len = place_len(name);
	bool properties = archive_name_ends(name, PROPERTIES);
	AUTO(buf) file = { .limit = APPMON_FILE_LIMIT };
	struct process_file of = { 0 };

	if (!len || !(properties || archive_name_ends(name, CONFIG)) ||
	    !text_is_utf8(name, strlen(name)))
		return true;
	if (!archive_file(w, &file, e))
		return false;
	of.place = arena_strndup(w->arena, name, len);
	if (properties)
		of.started = start_time(buf_text(&file));
	else
		of.name = appmon_xml_config_name((struct span){ buf_text(&file), file.len },
						 w->arena);
	VEC_PUSH(&w->files, w->arena, of);
	return w->files.count <= 2 * APPMON_COLLECTOR_LIMIT ||
	       err_set(e, ERR_REMOTE, "it is of more than %d collectors", APPMON_COLLECTOR_LIMIT);
}

static bool archive_walk_all(struct archive_walk *w, struct span body, struct err *e)
{
	struct archive_entry *head = NULL;

	if (archive_read_support_format_zip_seekable(w->archive) != ARCHIVE_OK ||
	    archive_read_open_memory(w->archive, body.bytes, body.len) != ARCHIVE_OK)
		return archive_fail(w->archive, e);
	for (size_t count = 0;; count++) {
		int status = archive_read_next_header(w->archive, &head);
		const char *name = NULL;

		if (status == ARCHIVE_EOF)
			return true;
		if (status != ARCHIVE_OK)
			return archive_fail(w->archive, e);
		if (count >= APPMON_ENTRY_LIMIT)
			return err_set(e, ERR_REMOTE, "it has more than %d entries",
				       APPMON_ENTRY_LIMIT);
		name = archive_entry_pathname_utf8(head);
		if (name && archive_entry_filetype(head) == AE_IFREG &&
		    !archive_entry_read(w, name, e))
			return false;
	}
}

/* Of one process: its files stand together. */
static void archive_add_starts(struct archive_walk *w, struct appmon_document *out)
{
	VEC(struct appmon_start) list = { 0 };
	size_t first = 0;

	if (w->files.count)
		qsort(w->files.items, w->files.count, sizeof(*w->files.items), text_compare);
	for (size_t i = 0; i < w->files.count; i++) {
		const struct process_file *of = &w->files.items[first];
		struct process_file *f = &w->files.items[i];
		const char *host = f->place + strlen(PLACE);

		if (i > first && strcmp(of->place, f->place) != 0)
			first = i;
		else if (i > first) {
			f->name = f->name ? f->name : of->name;
			f->started = f->started ? f->started : of->started;
		}
		if (i > first && f->name && f->started)
			VEC_PUSH(&list, w->arena,
				 (struct appmon_start){
					 f->name, arena_strndup(w->arena, host, strcspn(host, "/")),
					 f->started });
	}
	out->starts = list.items;
	out->start_count = list.count;
}

bool appmon_archive_read(struct span body, struct arena *a, struct appmon_document *out,
			 struct err *e)
{
	AUTO(archive_reader) reader = archive_read_new();
	struct archive_walk w = { .archive = reader, .arena = a };

	if (!reader)
		abort(); /* as base/alloc.h does */
	if (!archive_walk_all(&w, body, e))
		return false;
	out->form = APPMON_ARCHIVE;
	archive_add_starts(&w, out);
	return true;
}
