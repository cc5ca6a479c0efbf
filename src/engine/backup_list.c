/* SPDX-License-Identifier: Apache-2.0 */
/* The bundles in the backup directory, by their names. */
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "bundle/bundle.h"
#include "engine/backup.h"
#include "engine/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* As bundle_file_name() writes it: "20261129T213341Z". */
static bool is_name_time(const char *text, size_t len)
{
	static const char form[] = "ddddddddTddddddZ";

	for (size_t i = 0; i < len && i < sizeof(form) - 1; i++)
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	return len == sizeof(form) - 1;
}

/*
 * File name format FLEET-SERIAL-TIME.zip, see bundle_file_name().  All of it is
 * checked: the bundles of fleet "shop-2" are none of fleet "shop".
 */
static bool parse_name(const char *fleet, const char *name, struct arena *a,
		       struct backup_listed *out)
{
	size_t len = strlen(fleet);
	const char *dot = strrchr(name, '.');
	char *end = NULL;

	if (strncmp(name, fleet, len) != 0 || name[len] != '-' || !dot || strcmp(dot, ".zip") != 0)
		return false;

	const char *serial = name + len + 1;

	out->serial = strtoll(serial, &end, 10);
	if (end == serial || *end != '-' || !is_name_time(end + 1, (size_t)(dot - end - 1)))
		return false;
	out->name = arena_strdup(a, name);
	out->time = arena_strndup(a, end + 1, (size_t)(dot - end - 1));
	return true;
}

static int newest_first(const void *left, const void *right)
{
	const struct backup_listed *a = left;
	const struct backup_listed *b = right;
	int order = strcmp(b->time, a->time);

	return order ? order : strcmp(b->name, a->name);
}

const char *backup_newest(const struct fleet *f, const char *const *names, size_t count)
{
	AUTO(arena) a = { 0 };
	struct backup_listed newest = { 0 };
	const char *found = NULL;

	for (size_t i = 0; i < count; i++) {
		struct backup_listed row = { 0 };

		if (!parse_name(f->name, names[i], &a, &row) ||
		    (found && newest_first(&newest, &row) < 0))
			continue;
		newest = row;
		found = names[i];
	}
	return found;
}

static void dir_close(DIR *d)
{
	closedir(d);
}
AUTO_TYPE(dir, DIR *, dir_close)

bool backup_list(const struct fleet *f, struct arena *a, struct backup_listed **out, size_t *count,
		 struct err *e)
{
	VEC(struct backup_listed) list = { 0 };
	AUTO(dir) dir = opendir(f->backup.directory);

	if (!dir && errno != ENOENT)
		return err_sys(e, "cannot list '%s'", f->backup.directory);
	for (const struct dirent *d = dir ? readdir(dir) : NULL; d; d = readdir(dir)) {
		struct backup_listed row = { 0 };
		struct stat st;

		if (!parse_name(f->name, d->d_name, a, &row) ||
		    fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		row.size = st.st_size;
		VEC_PUSH(&list, a, row);
	}
	if (list.count)
		qsort(list.items, list.count, sizeof(*list.items), newest_first);
	*out = list.items;
	*count = list.count;
	return true;
}

/*
 * Bundles of this fleet, newest first; none when the directory is out of read
 * scope or unreadable.
 */
static size_t list_all(const struct engine *en, struct arena *a, struct backup_listed **list)
{
	const char *directory = en->fleet->backup.directory;
	size_t count = 0;
	struct err ignored;

	if (!directory || !engine_may_look(en, directory) ||
	    !backup_list(en->fleet, a, list, &count, &ignored))
		return 0;
	return count;
}

const char *backup_orphan(const struct engine *en, struct arena *a)
{
	struct backup_listed *list = NULL;

	return list_all(en, a, &list) ? list[0].name : NULL;
}

static bool is_newer(const struct engine *en, const char *name, struct arena *a)
{
	AUTO(buf) bytes = { 0 };
	struct bundle_head head = { 0 };
	struct err ignored = { 0 };
	const char *path = arena_printf(a, "%s/%s", en->fleet->backup.directory, name);

	return fs_read(path, BUNDLE_LIMIT, &bytes, &ignored) &&
	       bundle_read_head(bytes.data, bytes.len, a, &head, &ignored) &&
	       !strcmp(head.lineage, state_lineage(en->state)) &&
	       head.serial > state_serial(en->state);
}

const char *backup_newer(struct engine *en, struct arena *a)
{
	struct backup_listed *list = NULL;
	size_t count = list_all(en, a, &list);
	size_t looks = 0;

	for (size_t i = 0; i < count && looks < BACKUP_LOOKS; i++) {
		if (list[i].serial <= state_serial(en->state))
			continue;
		if (engine_is_confined(en) || is_newer(en, list[i].name, a))
			return list[i].name;
		looks++;
	}
	return NULL;
}
