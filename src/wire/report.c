/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/report.h"

#include "base/number.h"
#include "base/text.h"
#include "wire/json.h"

#include <string.h>

enum text_kind {
	TEXT_NAME, /* compared, never shown as it is */
	TEXT_SHOWN,
	TEXT_FINGERPRINT,
};

/* One row for each text of a component. */
static const struct row {
	const char *key;
	size_t offset;
	enum text_kind kind;
	bool may_lack; /* agents that do not tell it are there */
} rows[] = {
#define ROW(member, kind)                                                       \
	{                                                                       \
#member, offsetof(struct component_report, member), kind, false \
	}
	ROW(name, TEXT_NAME),
	ROW(version, TEXT_SHOWN),
	ROW(installed, TEXT_FINGERPRINT),
	ROW(chain, TEXT_FINGERPRINT),
	ROW(damage, TEXT_SHOWN),
	ROW(staged, TEXT_FINGERPRINT),
	ROW(unwritable, TEXT_SHOWN),
	ROW(error, TEXT_SHOWN),
	ROW(served, TEXT_FINGERPRINT),
	ROW(lineage, TEXT_NAME),
#undef ROW
#define LATER_ROW(member, kind)                                                \
	{                                                                      \
#member, offsetof(struct component_report, member), kind, true \
	}
	LATER_ROW(attr_flaw, TEXT_SHOWN),
	LATER_ROW(doubt, TEXT_SHOWN),
	LATER_ROW(untrusted, TEXT_SHOWN),
	LATER_ROW(executable, TEXT_NAME),
#undef LATER_ROW
};
/* The end of the year 9999: a clock may be off, but not beyond computing. */
static const json_int_t latest_time = 253402300799;

enum {
	ROWS = sizeof(rows) / sizeof(*rows)
};

static const char **slot_of(struct component_report *c, const struct row *r)
{
	return (const char **)((char *)c + r->offset);
}

static json_t *agent_json(const struct report_identity *agent)
{
	return json_pack("{ss ss sI}", "spki", agent->spki, "program", agent->program, "time",
			 (json_int_t)agent->time);
}

/* What a process printed may be anything: JSON takes only valid UTF-8. */
static json_t *text_json(const char *text, enum text_kind kind)
{
	AUTO(buf) shown = { 0 };

	if (!text)
		return json_null();
	if (kind != TEXT_SHOWN)
		return json_string(text);
	text_escape(&shown, text, strlen(text));
	return json_string(buf_text(&shown));
}

static json_t *component_json(const struct component_report *c)
{
	json_t *json = json_pack("{sI ss}", "sequence", (json_int_t)c->sequence, "activation",
				 activation_names[c->activation]);

	for (size_t i = 0; i < ROWS; i++)
		json_object_set_new(
			json, rows[i].key,
			text_json(*slot_of((struct component_report *)c, &rows[i]), rows[i].kind));
	return json;
}

json_t *report_one(const struct report_identity *agent, const struct component_report *c)
{
	return json_pack("{so so}", "agent", agent_json(agent), "component", component_json(c));
}

json_t *report_all(const struct report_identity *agent, const struct component_report *list,
		   size_t count)
{
	json_t *components = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(components, component_json(&list[i]));
	return json_pack("{so so}", "agent", agent_json(agent), "components", components);
}

/* ---- reading ---- */

static bool bad(const char *key, struct err *e)
{
	return err_set(e, ERR_REMOTE, "the agent's answer is malformed ('%s')", key);
}

static bool report_read_text(const json_t *json, const struct row *r, struct arena *a,
			     struct component_report *out, struct err *e)
{
	const json_t *value = json_object_get(json, r->key);
	const char *text = json_string_value(value);

	if (!value && r->may_lack)
		return true;
	if (!value || (!text && !json_is_null(value)))
		return bad(r->key, e);
	if (!text)
		return true;
	if (r->kind == TEXT_FINGERPRINT && !text_is_fingerprint(text))
		return bad(r->key, e);
	*slot_of(out, r) = r->kind == TEXT_SHOWN ? text_escaped(a, text) : arena_strdup(a, text);
	return true;
}

static bool report_read_component(json_t *json, struct arena *a, struct component_report *out,
				  struct err *e)
{
	json_int_t sequence = 0;
	const char *activation = NULL;

	if (json_unpack(json, "{sI ss}", "sequence", &sequence, "activation", &activation) ||
	    sequence < 0)
		return bad("sequence", e);
	if (sequence >= NUMBER_LIMIT)
		return err_set(
			e, ERR_REMOTE,
			"the agent says that its last order had number %lld, which no order has: its record is damaged; on its host stop the agent, look at the pair, remove the component's file in the agent's 'state' directory and start it again",
			(long long)sequence);
	if (!activation_named(activation, &out->activation))
		return bad("activation", e);
	out->sequence = sequence;
	for (size_t i = 0; i < ROWS; i++)
		if (!report_read_text(json, &rows[i], a, out, e))
			return false;
	return out->name || bad("name", e);
}

static bool report_read_agent(json_t *json, struct arena *a, struct report_identity *out,
			      struct err *e)
{
	json_int_t time = 0;

	if (json_unpack(json, "{ss ss sI}", "spki", &out->spki, "program", &out->program, "time",
			&time) ||
	    !*out->spki || !text_is_fingerprint(out->spki) || time < 0 || time > latest_time)
		return bad("agent", e);
	out->spki = arena_strdup(a, out->spki);
	out->program = text_escaped(a, out->program);
	out->time = time;
	return true;
}

bool report_read(const char *text, size_t len, struct arena *a, struct report_identity *agent,
		 struct component_report *c, struct err *e)
{
	AUTO(json) json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	*agent = (struct report_identity){ 0 };
	*c = (struct component_report){ 0 };
	return report_read_agent(json_object_get(json, "agent"), a, agent, e) &&
	       report_read_component(json_object_get(json, "component"), a, c, e);
}
