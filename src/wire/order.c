/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/order.h"

#include "base/alloc.h"
#include "base/number.h"
#include "json/record.h"

#include <string.h>

const char *const order_action_names[ORDER_ACTION_COUNT + 1] = {
	[ORDER_STAGE] = "stage",       [ORDER_COMMIT] = "commit", [ORDER_ABORT] = "abort",
	[ORDER_ACTIVATE] = "activate", [ORDER_REVERT] = "revert",
};

enum {
	ORDER_VERSION = 1
};

static json_t *write_order_version(const void *slot, size_t index)
{
	(void)slot;
	(void)index;
	return json_integer(ORDER_VERSION);
}

static const struct member order_members[] = {
	CUSTOM_MEMBER("v", struct order, action, write_order_version, NULL, .derived = true),
	CHOICE_MEMBER("action", struct order, action, order_action_names),
	FINGERPRINT_MEMBER("agent", struct order, agent),
	TEXT_MEMBER("component", struct order, component),
	TEXT_MEMBER("lineage", struct order, lineage),
	NUMBER_MEMBER("sequence", struct order, sequence, 1, NUMBER_LIMIT - 1),
	FINGERPRINT_MEMBER("fingerprint", struct order, fingerprint),
	FINGERPRINT_MEMBER("pair", struct order, pair),
	FINGERPRINT_MEMBER("replaces", struct order, replaces, .absent = ABSENT_NULL),
	FLAG_MEMBER("rollback", struct order, rollback),
	FLAG_MEMBER("adopt", struct order, adopt),
	FLAG_MEMBER("self", struct order, self),
	NUMBER_MEMBER("expires", struct order, expires, 1, INT64_MAX),
	TEXT_MEMBER("executable", struct order, executable, .absent = ABSENT_OMITTED),
	{ 0 },
};

const char *order_text(const struct order *o, struct arena *a)
{
	AUTO(json) json = json_encode(order_members, o);
	AUTO(str) text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);

	return arena_strdup(a, text);
}

static bool order_check(const struct order *o)
{
	return *o->agent && *o->component && *o->lineage &&
	       (*o->fingerprint || o->action == ORDER_REVERT) &&
	       (*o->pair != '\0') == (o->action == ORDER_STAGE) &&
	       (!o->executable || (o->action == ORDER_ACTIVATE && *o->executable == '/'));
}

bool order_read(const char *text, size_t len, struct arena *a, struct order *out, struct err *e)
{
	AUTO(json) json = NULL;
	struct order o = { 0 };
	struct err why = { 0 };

	if (len > ORDER_LIMIT)
		return err_set(e, ERR_INPUT, "the order is over %d bytes", ORDER_LIMIT);
	json = json_parse(text, len);
	if (!json_decode_strictly(order_members, json, a, &o, &why))
		return err_set(e, ERR_INPUT, "the order is not well-formed: %s", why.text);
	if (!order_check(&o))
		return err_set(e, ERR_INPUT, "the order is not well-formed");

	const char *again = order_text(&o, a);

	if (strlen(again) != len || memcmp(again, text, len) != 0)
		return err_set(e, ERR_INPUT, "the order is not in its canonical form");
	*out = o;
	return true;
}
