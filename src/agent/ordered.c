/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ordered.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/text.h"
#include "wire/json.h"

#include <string.h>

enum {
	ORDERED_ROOM = 4096,
};

static const char *path_of(const struct agent_config *c, const char *component,
			   struct arena *a)
{
	AUTO(buf) path = { 0 };

	buf_printf(&path, "%s/", c->state);
	text_percent(&path, component);
	buf_puts(&path, ".json");
	return arena_strdup(a, buf_text(&path));
}

static bool unpack(const struct buf *text, struct arena *a, struct ordered *out)
{
	AUTO(json) json = json_loadb(text->data, text->len, 0, NULL);
	json_int_t sequence = 0;
	json_int_t activated = 0;
	struct ordered r = { 0 };

	if (json_unpack(json, "{ss sI ss sI !}", "lineage", &r.lineage,
			"sequence", &sequence, "fingerprint", &r.fingerprint,
			"activated", &activated) ||
	    sequence < 1 || !text_is_fingerprint(r.fingerprint))
		return false;
	*out = (struct ordered){
		.lineage = arena_strdup(a, r.lineage),
		.sequence = sequence,
		.fingerprint = arena_strdup(a, r.fingerprint),
		.activated = activated,
	};
	return true;
}

bool ordered_read(const struct agent_config *c, const char *component,
		  struct arena *a, struct ordered *out, struct err *e)
{
	AUTO(buf) text = { 0 };
	const char *path = path_of(c, component, a);
	struct err why = { 0 };

	*out = (struct ordered){ 0 };
	if (!fs_read(path, ORDERED_ROOM, &text, &why)) {
		*e = why;
		return why.code == ERR_MISSING;
	}
	if (!unpack(&text, a, out))
		return err_set(e, ERR_IO,
			       "'%s' is damaged; when no pair was delivered "
			       "since, remove it",
			       path);
	return true;
}

bool ordered_write(const struct agent_config *c, const char *component,
		   const struct ordered *r, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(json) json = json_pack("{ss sI ss sI}", "lineage", r->lineage,
				    "sequence", (json_int_t)r->sequence,
				    "fingerprint", r->fingerprint, "activated",
				    (json_int_t)r->activated);
	AUTO(str) text = json_dumps(json, JSON_SORT_KEYS);

	return fs_replace(path_of(c, component, &a), text, strlen(text),
			  FS_PRIVATE, e);
}
