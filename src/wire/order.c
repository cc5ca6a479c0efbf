/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/order.h"

#include "base/alloc.h"
#include "base/number.h"
#include "base/text.h"
#include "wire/json.h"

#include <string.h>

const char *const order_action_names[ORDER_ACTION_COUNT + 1] = {
	[ORDER_STAGE] = "stage",       [ORDER_COMMIT] = "commit", [ORDER_ABORT] = "abort",
	[ORDER_ACTIVATE] = "activate", [ORDER_REVERT] = "revert",
};

enum {
	ORDER_VERSION = 1
};

const char *order_text(const struct order *o, struct arena *a)
{
	AUTO(json) json =
		json_pack("{si ss ss ss ss sI ss ss ss? sb sb sb sI ss*}", "v", ORDER_VERSION,
			  "action", order_action_names[o->action], "agent", o->agent, "component",
			  o->component, "lineage", o->lineage, "sequence", (json_int_t)o->sequence,
			  "fingerprint", o->fingerprint, "pair", o->pair ? o->pair : "", "replaces",
			  o->replaces, "rollback", o->rollback, "adopt", o->adopt, "self", o->self,
			  "expires", (json_int_t)o->expires, "executable", o->executable);
	AUTO(str) text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);

	return arena_strdup(a, text);
}

static bool find_action(const char *name, enum order_action *out)
{
	for (unsigned i = 0; i < ORDER_ACTION_COUNT; i++)
		if (!strcmp(order_action_names[i], name)) {
			*out = i;
			return true;
		}
	return false;
}

static bool order_check(const struct order *o)
{
	return text_is_fingerprint(o->agent) && *o->agent && *o->component && *o->lineage &&
	       o->sequence > 0 && o->sequence < NUMBER_LIMIT &&
	       text_is_fingerprint(o->fingerprint) &&
	       (*o->fingerprint || o->action == ORDER_REVERT) && text_is_fingerprint(o->pair) &&
	       (*o->pair != '\0') == (o->action == ORDER_STAGE) &&
	       (!o->executable || (o->action == ORDER_ACTIVATE && *o->executable == '/')) &&
	       (!o->replaces || text_is_fingerprint(o->replaces)) && o->expires > 0;
}

static bool order_unpack(json_t *json, struct arena *a, struct order *out)
{
	const char *action = NULL;
	int version = 0;
	int rollback = 0;
	int adopt = 0;
	int self = 0;
	json_int_t sequence = 0;
	json_int_t expires = 0;
	json_t *replaces = NULL;
	struct order o = { 0 };

	if (json_unpack(json, "{si ss ss ss ss sI ss ss so sb sb sb sI s?s !}", "v", &version,
			"action", &action, "agent", &o.agent, "component", &o.component, "lineage",
			&o.lineage, "sequence", &sequence, "fingerprint", &o.fingerprint, "pair",
			&o.pair, "replaces", &replaces, "rollback", &rollback, "adopt", &adopt,
			"self", &self, "expires", &expires, "executable", &o.executable) ||
	    version != ORDER_VERSION || !find_action(action, &o.action))
		return false;
	o.agent = arena_strdup(a, o.agent);
	o.component = arena_strdup(a, o.component);
	o.lineage = arena_strdup(a, o.lineage);
	o.fingerprint = arena_strdup(a, o.fingerprint);
	o.pair = arena_strdup(a, o.pair);
	if (o.executable)
		o.executable = arena_strdup(a, o.executable);
	if (json_is_string(replaces))
		o.replaces = arena_strdup(a, json_string_value(replaces));
	o.rollback = rollback;
	o.adopt = adopt;
	o.self = self;
	o.sequence = sequence;
	o.expires = expires;
	*out = o;
	return true;
}

bool order_read(const char *text, size_t len, struct arena *a, struct order *out, struct err *e)
{
	AUTO(json) json = NULL;
	struct order o;

	if (len > ORDER_LIMIT)
		return err_set(e, ERR_INPUT, "the order is over %d bytes", ORDER_LIMIT);
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (!json || !order_unpack(json, a, &o) || !order_check(&o))
		return err_set(e, ERR_INPUT, "the order is not well-formed");

	const char *again = order_text(&o, a);

	if (strlen(again) != len || memcmp(again, text, len) != 0)
		return err_set(e, ERR_INPUT, "the order is not in its canonical form");
	*out = o;
	return true;
}
