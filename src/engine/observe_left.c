/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths that a component had, and has no more.
 *
 * They are told, not removed: the process may be one that was never told of the new
 * paths, and as long as both hold the same pair no handshake shows which it reads.
 */
#include "base/fs.h"
#include "base/text.h"
#include "drivers/driver.h"
#include "engine/observe.h"
#include "install/layout.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The host that paths are on; NULL: this machine. */
static const char *host_of(const struct deliver *d, struct arena *a)
{
	return d->kind == DRIVER_SFTP ? arena_printf(a, "%s:%u", d->sftp.host, d->sftp.port) : NULL;
}

static bool is_written(const struct component *c, const char *host, const char *path,
		       struct arena *a)
{
	const char *places[LAYOUT_PLACES];
	size_t count = layout_places(&c->deliver.files, a, places);

	if (!text_equal(host_of(&c->deliver, a), host))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!strcmp(places[i], path) || !strcmp(fs_dirname(a, places[i]), path))
			return true;
	return false;
}

/* Whether it is there, as far as this can be known, and no component is at it now. */
static bool is_left(const struct fleet *f, const char *host, const char *path, struct arena *a)
{
	if (!host && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW))
		return false;
	for (size_t i = 0; i < f->component_count; i++)
		if (is_written(&f->components[i], host, path, a))
			return false;
	return true;
}

void observe_left(const struct fleet *f, const struct component *c, struct component_seen *seen,
		  struct arena *a)
{
	AUTO(arena) scratch = { 0 };
	struct deliver former = { 0 };
	const char *places[LAYOUT_PLACES];
	const char **left = NULL;
	size_t left_count = 0;
	struct err ignored = { 0 };

	if (!seen->deliver || !strcmp(seen->deliver, deliver_to_text(&c->deliver, &scratch)) ||
	    !deliver_from_text(seen->deliver, &scratch, &former, &ignored))
		return;

	const char *host = host_of(&former, &scratch);
	size_t count = layout_places(&former.files, &scratch, places);

	left = arena_array(a, count, sizeof(*left));
	for (size_t i = 0; i < count; i++)
		if (is_left(f, host, places[i], &scratch))
			left[left_count++] = arena_strdup(a, places[i]);
	seen->left = left;
	seen->left_count = left_count;
	if (host)
		seen->left_host = arena_strdup(a, former.sftp.host);
}
