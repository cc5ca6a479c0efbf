/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/order_log.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/number.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "json/record.h"

#include <string.h>

enum {
	ORDERED_ROOM = 4096,
	NAME_ROOM = 200, /* bytes of a file name, without the suffix of its temporary file */
};

static const char *const end_names[ORDER_END_COUNT + 1] = {
	[ORDER_END_OPEN] = "open",
	[ORDER_END_ACTIVATED] = "activated",
	[ORDER_END_FAILED] = "failed",
	[ORDER_END_ABORTED] = "aborted",
};

/* A name that is too long for a file name is replaced by its digest. */
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

static const struct member order_record_members[] = {
	TEXT_MEMBER("lineage", struct order_record, lineage),
	NUMBER_MEMBER("sequence", struct order_record, sequence, 1, NUMBER_LIMIT - 1),
	FINGERPRINT_MEMBER("fingerprint", struct order_record, fingerprint),
	CHOICE_MEMBER("end", struct order_record, end, end_names),
	NUMBER_MEMBER("expires", struct order_record, expires, 0, NUMBER_LIMIT - 1),
	TEXT_MEMBER("executable", struct order_record, executable, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("told", struct order_record, signalled, .absent = ABSENT_OMITTED),
	{ 0 },
};

bool order_log_read(const struct agent_config *c, const char *component, struct arena *a,
		    struct order_record *out, struct err *e)
{
	AUTO(buf) text = { 0 };
	const char *path = order_log_path_of(c, component, a);

	*out = (struct order_record){ 0 };
	if (!fs_read(path, ORDERED_ROOM, &text, e))
		return err_ignore(e, ERR_MISSING);

	AUTO(json) json = json_parse(text.data, text.len);
	struct order_record r = { 0 };

	if (!json_decode_strictly(order_record_members, json, a, &r, e) || !*r.lineage)
		return err_set(e, ERR_IO,
			       "'%s' is damaged; when no pair was delivered since, remove it",
			       path);
	*out = r;
	return true;
}

bool order_log_write(const struct agent_config *c, const char *component,
		     const struct order_record *r, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(json) json = json_encode(order_record_members, r);
	AUTO(str) text = json_dumps(json, JSON_SORT_KEYS);

	return fs_replace(order_log_path_of(c, component, &a), text, strlen(text), FS_PRIVATE, e);
}
