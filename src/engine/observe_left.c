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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The host that paths are on; NULL: this machine. */
static const char *host_of(const struct deliver *d, struct arena *a)
{
	return d->kind == DRIVER_SFTP ? arena_printf(a, "%s:%u", d->sftp.host, d->sftp.port) : NULL;
}

/* What components write now: paths and the directories that they are in, sorted. */
struct places_now {
	const char **list;
	size_t count;
};

/* A path on its host, as one text. */
static const char *place_text(const char *host, const char *path, struct arena *a)
{
	return arena_printf(a, "%s %s", host ? host : "", path);
}

static void places_now_list(struct places_now *w, const struct fleet *f, struct arena *a)
{
	w->list = arena_array(a, 2 * LAYOUT_PLACES * f->component_count, sizeof(*w->list));
	for (size_t i = 0; i < f->component_count; i++) {
		const struct deliver *d = &f->components[i].deliver;
		const char *host = host_of(d, a);
		const char *places[LAYOUT_PLACES];
		size_t count = layout_places(&d->files, a, places);

		for (size_t k = 0; k < count; k++) {
			w->list[w->count++] = place_text(host, places[k], a);
			w->list[w->count++] = place_text(host, fs_dirname(a, places[k]), a);
		}
	}
	if (w->count)
		qsort(w->list, w->count, sizeof(*w->list), text_compare);
}

/* Whether it is there, as far as this can be known, and no component is at it now. */
static bool is_left(const struct places_now *w, const char *host, const char *path, struct arena *a)
{
	const char *text = place_text(host, path, a);

	if (!host && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW))
		return false;
	return !text_find(text, w->list, w->count, sizeof(*w->list));
}

/* Whether the component was delivered to in another way; the words of the record may differ. */
static bool is_elsewhere(const struct component *c, const struct component_seen *seen,
			 struct arena *a, struct deliver *former)
{
	const char *now = seen->deliver ? deliver_to_text(&c->deliver, a) : NULL;
	struct err ignored = { 0 };

	return now && strcmp(seen->deliver, now) != 0 &&
	       deliver_from_text(seen->deliver, a, former, &ignored) &&
	       strcmp(deliver_to_text(former, a), now) != 0;
}

static void list_left(const struct places_now *w, const struct deliver *former,
		      struct component_seen *seen, struct arena *kept, struct arena *scratch)
{
	const char *host = host_of(former, scratch);
	const char *places[LAYOUT_PLACES];
	size_t count = layout_places(&former->files, scratch, places);
	const char **left = arena_array(kept, count, sizeof(*left));

	for (size_t i = 0; i < count; i++)
		if (is_left(w, host, places[i], scratch))
			left[seen->left_count++] = arena_strdup(kept, places[i]);
	seen->left = left;
	if (host)
		seen->left_host = arena_strdup(kept, former->sftp.host);
}

void observe_left(const struct fleet *f, struct snapshot *s)
{
	AUTO(arena) scratch = { 0 };
	struct component_seen *seen = (struct component_seen *)s->components;
	struct places_now places = { 0 };

	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];
		struct deliver former = { 0 };

		/* both lists are sorted, and every component of the file has a row */
		while (strcmp(seen->name, c->name) != 0)
			seen++;
		if (!is_elsewhere(c, seen, &scratch, &former))
			continue;
		if (!places.list)
			places_now_list(&places, f, &scratch);
		list_left(&places, &former, seen, &s->arena, &scratch);
	}
}
