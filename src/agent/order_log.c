/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/order_log.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/number.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "wire/json.h"

#include <string.h>

enum {
	ORDERED_ROOM = 4096,
	NAME_ROOM = 200, /* of a file, beside what its replacement adds */
};

static const char *const end_names[ORDER_END_COUNT] = {
	[ORDER_END_OPEN] = "open",
	[ORDER_END_ACTIVATED] = "activated",
	[ORDER_END_FAILED] = "failed",
	[ORDER_END_ABORTED] = "aborted",
};

/* A name that is too long for a file is there as its digest. */
static const char *order_log_path_of(const struct agent_config *c, const char *component,
				     struct arena *a)
{
	AUTO(buf) name = { 0 };
	char digest[SHA256_TEXT];

	text_percent(&name, component);
	if (name.len <= NAME_ROOM)
		return arena_printf(a, "%s/%s.json", c->state, buf_text(&name));
	sha256_text(component, strlen(component), digest);
	return arena_printf(a, "%s/long-%s.json", c->state, digest);
}

static bool order_log_find_end(const char *name, enum order_end *out)
{
	for (unsigned i = 0; i < ORDER_END_COUNT; i++)
		if (!strcmp(end_names[i], name)) {
			*out = i;
			return true;
		}
	return false;
}

static bool order_log_unpack(const struct buf *text, struct arena *a, struct order_record *out)
{
	AUTO(json) json = json_loadb(text->data, text->len, 0, NULL);
	json_int_t sequence = 0;
	json_int_t expires = 0;
	const char *end = NULL;
	struct order_record r = { 0 };

	if (json_unpack(json, "{ss sI ss ss sI s?s s?s !}", "lineage", &r.lineage, "sequence",
			&sequence, "fingerprint", &r.fingerprint, "end", &end, "expires", &expires,
			"executable", &r.executable, "told", &r.told) ||
	    !*r.lineage || sequence < 1 || sequence >= NUMBER_LIMIT || expires < 0 ||
	    expires >= NUMBER_LIMIT || !text_is_fingerprint(r.fingerprint) ||
	    !order_log_find_end(end, &r.end))
		return false;
	*out = (struct order_record){
		.lineage = arena_strdup(a, r.lineage),
		.sequence = sequence,
		.fingerprint = arena_strdup(a, r.fingerprint),
		.end = r.end,
		.expires = expires,
		.executable = r.executable ? arena_strdup(a, r.executable) : NULL,
		.told = r.told ? arena_strdup(a, r.told) : NULL,
	};
	return true;
}

bool order_log_read(const struct agent_config *c, const char *component, struct arena *a,
		    struct order_record *out, struct err *e)
{
	AUTO(buf) text = { 0 };
	const char *path = order_log_path_of(c, component, a);

	*out = (struct order_record){ 0 };
	if (!fs_read(path, ORDERED_ROOM, &text, e))
		return err_ignore(e, ERR_MISSING);
	if (!order_log_unpack(&text, a, out))
		return err_set(e, ERR_IO,
			       "'%s' is damaged; when no pair was delivered since, remove it",
			       path);
	return true;
}

bool order_log_write(const struct agent_config *c, const char *component,
		     const struct order_record *r, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(json) json = json_pack("{ss sI ss ss sI ss* ss*}", "lineage", r->lineage, "sequence",
				    (json_int_t)r->sequence, "fingerprint", r->fingerprint, "end",
				    end_names[r->end], "expires", (json_int_t)r->expires,
				    "executable", r->executable, "told", r->told);
	AUTO(str) text = json_dumps(json, JSON_SORT_KEYS);

	return fs_replace(order_log_path_of(c, component, &a), text, strlen(text), FS_PRIVATE, e);
}
