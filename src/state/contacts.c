/* SPDX-License-Identifier: Apache-2.0 */
/* Contact list of the last completed run, in pieces far below RECORD_LIMIT. */
#include "state/change.h"
#include "state/records.h"
#include "state/state_internal.h"

#include <string.h>

enum {
	PIECE_BYTES = 512 * 1024
};

static const char *piece_key(struct arena *a, size_t piece)
{
	return arena_printf(a, CONTACT_PREFIX "%06zu", piece);
}

/* Deletes leftover pieces of an earlier, longer list. */
static bool drop_pieces(struct change *c, size_t kept, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct backend *b = c->state->backend;
	struct stored_record *old = NULL;
	size_t count = 0;

	if (!b->ops->list(b, CONTACT_PREFIX, &a, &old, &count, e))
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(old[i].key, piece_key(&a, kept)) > 0)
			change_put(c, old[i].key, NULL);
	return true;
}

bool change_reach(struct change *c, const char *const *reach, size_t count, struct err *e)
{
	AUTO(arena) a = { 0 };
	size_t piece = 0;

	for (size_t at = 0; at < count;) {
		AUTO(json) list = json_array();
		size_t bytes = 0;

		do {
			bytes += strlen(reach[at]);
			json_array_append_new(list, json_text(reach[at++]));
		} while (at < count && bytes < PIECE_BYTES);
		change_put(c, piece_key(&a, ++piece), json_to_text(list, &a));
	}
	return drop_pieces(c, piece, e);
}

struct contact_reading {
	struct arena *arena;
	VEC(const char *) list;
};

static bool read_piece(const struct stored_record *r, struct contact_reading *out, struct err *e)
{
	AUTO(json) list = json_parse(r->value, strlen(r->value));
	size_t i = 0;
	const json_t *item = NULL;

	if (!json_is_array(list))
		return record_damaged(r, "it is not a JSON array", e);
	json_array_foreach(list, i, item)
	{
		if (!json_is_string(item))
			return record_damaged(r, "it holds more than strings", e);
		VEC_PUSH(&out->list, out->arena, arena_strdup(out->arena, json_string_value(item)));
	}
	return true;
}

bool contact_check(const struct stored_record *r, struct arena *a, struct err *e)
{
	struct contact_reading ignored = { .arena = a };

	return read_piece(r, &ignored, e);
}

bool state_reach(struct state *s, struct arena *a, const char *const **out, size_t *count,
		 struct err *e)
{
	AUTO(arena) own = { 0 };
	struct stored_record *pieces = NULL;
	size_t found = 0;
	struct contact_reading reach = { .arena = a };

	if (!s->backend->ops->list(s->backend, CONTACT_PREFIX, &own, &pieces, &found, e))
		return false;
	for (size_t i = 0; i < found; i++)
		if (!read_piece(&pieces[i], &reach, e))
			return false;
	*out = reach.list.items;
	*count = reach.list.count;
	return true;
}
