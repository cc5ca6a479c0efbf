/* SPDX-License-Identifier: Apache-2.0 */
#include "report/json_value.h"
#include "report/status.h"

#define STATUS_FORMAT "1.3"

enum {
	DAY = 86400
};

/* Rounded down: what has ended has less than no day left. */
static int64_t days(int64_t seconds)
{
	return seconds >= 0 ? seconds / DAY : -((DAY - 1 - seconds) / DAY);
}

static json_t *certificate_to_json(const struct status *s, const struct status_certificate *row)
{
	static const struct generation none;
	const struct generation *g = row->generation ? row->generation : &none;
	const char *name = row->certificate ? row->certificate->name : row->issuer->name;
	json_t *left = row->generation ? json_integer(days(g->not_after - s->now)) : json_null();
	json_t *source = row->generation ? json_string(source_names[g->source]) : json_null();

	return json_pack("{so ss so so so so so so so so so so}", "name", json_text(name), "kind",
			 row->certificate ? "certificate" : "issuer", "subject",
			 json_text(g->subject), "issuer", json_text(g->issuer), "serial",
			 json_text(g->serial), "fingerprint_sha256", json_text(g->fingerprint),
			 "key", json_text(g->key), "not_before", json_moment(g->not_before),
			 "not_after", json_moment(g->not_after), "days_left", left, "renew_at",
			 json_moment(row->renew_at), "source", source);
}

static const char *trouble(const struct status_component *row, const struct component_seen *seen)
{
	if (row->state == COMPONENT_INVALID)
		return row->refusal;
	if (seen->damage)
		return seen->damage;
	if (seen->attr_flaw)
		return seen->attr_flaw;
	return seen->served_flaw ? seen->served_flaw : seen->error;
}

static json_t *component_to_json(const struct status_component *row)
{
	static const struct component_seen never;
	const struct component_seen *seen = row->seen ? row->seen : &never;
	const struct component *c = row->component;
	const char *desired = row->desired ? row->desired->fingerprint : NULL;

	return json_pack("{so so so so sb so so so so ss ss so so so}", "name", json_text(c->name),
			 "role", json_text(c->role->name), "certificate",
			 json_text(c->certificate->name), "process", json_text(c->process),
			 "online", seen->online, "version", json_text(seen->version), "desired",
			 json_text(desired), "installed", json_text(seen->installed), "served",
			 json_text(seen->served), "evidence", evidence_names[seen->evidence],
			 "state", component_state_names[row->state], "last_error",
			 json_text(seen->last_error), "error", json_text(trouble(row, seen)),
			 "observed_at", json_moment(seen->observed_at));
}

static json_t *agent_to_json(const struct status *s, const struct status_agent *row)
{
	const struct enrolled *agent = row->enrolled;
	const struct component *by = row->renewed_by;
	json_t *names = json_array();

	for (size_t i = 0; i < agent->name_count; i++)
		json_array_append_new(names, json_text(agent->names[i]));
	return json_pack("{so so so so so so so sI so sb}", "name", json_text(agent->agent),
			 "issuer", json_text(agent->issuer), "serial", json_text(agent->serial),
			 "fingerprint_sha256", json_text(agent->fingerprint), "names", names,
			 "not_before", json_moment(agent->not_before), "not_after",
			 json_moment(agent->not_after), "days_left",
			 (json_int_t)days(agent->not_after - s->now), "renewed_by",
			 json_text(by ? by->name : NULL), "replaced", row->replaced);
}

/* Those that are of no component. */
static json_t *problems_to_json(const struct status *s)
{
	json_t *problems = json_array();

	for (size_t i = 0; i < s->lost_count; i++)
		json_array_append_new(problems,
				      json_pack("{ss so}", "code", "backup-missing", "message",
						json_text(s->lost[i].message)));
	return problems;
}

json_t *status_to_json(const struct status *s)
{
	json_t *certificates = json_array();
	json_t *components = json_array();
	json_t *agents = json_array();

	for (size_t i = 0; i < s->certificate_count; i++)
		json_array_append_new(certificates, certificate_to_json(s, &s->certificates[i]));
	for (size_t i = 0; i < s->component_count; i++)
		json_array_append_new(components, component_to_json(&s->components[i]));
	for (size_t i = 0; i < s->agent_count; i++)
		json_array_append_new(agents, agent_to_json(s, &s->agents[i]));
	return json_pack("{ss so so so sb so so so so}", "format_version", STATUS_FORMAT, "fleet",
			 json_text(s->fleet->name), "at", json_moment(s->now), "observed_at",
			 json_moment(s->observed_at), "offline", s->offline, "certificates",
			 certificates, "components", components, "agents", agents, "problems",
			 problems_to_json(s));
}
