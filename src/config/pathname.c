/* SPDX-License-Identifier: Apache-2.0 */
#include "config/pathname.h"

#include "base/buf.h"
#include "base/fs.h"

#include <string.h>

static bool pathname_is_clean(const char *path)
{
	size_t len = strlen(path);

	return *path == '/' && len > 1 && path[len - 1] != '/' && !strstr(path, "//") &&
	       !strstr(path, "/./") && !strstr(path, "/..") && strcmp(path + len - 2, "/.") != 0;
}

/* A path from `directory` to `path`, which is not beneath it. */
static const char *lead_out(struct arena *a, const char *directory, const char *path)
{
	AUTO(buf) out = { 0 };
	size_t common = 0;

	for (size_t i = 0; directory[i] == path[i] && path[i]; i++)
		if (path[i] == '/')
			common = i;
	buf_puts(&out, directory);
	if (!strncmp(directory, path, strlen(path)) && directory[strlen(path)] == '/')
		common = strlen(path);
	for (const char *at = directory + common; *at; at++)
		if (*at == '/')
			buf_puts(&out, "/..");
	buf_puts(&out, path + common);
	return arena_strdup(a, buf_text(&out));
}

const char *path_resolve(struct loader *ld, uint16_t source, const char *text)
{
	struct arena *a = &ld->fleet.arena;
	const char *directory = ld->fleet.directory;

	if (*text == '/')
		return pathname_is_clean(text) ? text : fs_absolute(a, text);

	const char *path = fs_absolute(
		a, arena_printf(&ld->work, "%s/%s", ld->sources.items[source].directory, text));

	if (fs_beneath(directory, path) != path || !strcmp(directory, "/"))
		return path;
	return lead_out(a, directory, path);
}
