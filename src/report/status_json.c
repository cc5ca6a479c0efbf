/* SPDX-License-Identifier: Apache-2.0 */
#include "report/status.h"
#include "json/record.h"

#define STATUS_FORMAT "1.7"

enum {
	DAY = 86400
};

/* Rounded down: an expired certificate has a negative number of days left. */
static json_t *write_days(int64_t seconds)
{
	return json_integer(seconds >= 0 ? seconds / DAY : -((DAY - 1 - seconds) / DAY));
}

/* ---- problems ---- */

static const struct member own_problem_members[] = {
	TEXT_MEMBER("code", struct precondition, code),
	TEXT_MEMBER("message", struct precondition, message),
	{ 0 },
};

static const struct member problem_members[] = {
	TEXT_MEMBER("code", struct precondition, code),
	CHOICE_MEMBER("severity", struct precondition, severity, severity_names),
	TEXT_MEMBER("subject", struct precondition, component),
	TEXT_MEMBER("message", struct precondition, message),
	TEXT_MEMBER("remedy", struct precondition, remedy),
	{ 0 },
};

#define PROBLEMS_MEMBER(holder, table) \
	LIST_MEMBER("problems", holder, problems.items, problems.count, table)

/* ---- certificates ---- */

static json_t *write_certificate_name(const void *slot, size_t index)
{
	const struct status_certificate *row = slot;

	(void)index;
	return json_text(row->certificate ? row->certificate->name : row->issuer->name);
}

static json_t *write_certificate_kind(const void *slot, size_t index)
{
	const struct status_certificate *row = slot;

	(void)index;
	return json_string(row->certificate ? "certificate" : "issuer");
}

static json_t *write_certificate_days(const void *slot, size_t index)
{
	const struct status_certificate *row = slot;

	(void)index;
	return row->generation ? write_days(row->left) : NULL;
}

#define ROW_MEMBER(key, writer, ...) \
	MEMBER_ROW(key, MEMBER_CUSTOM, 0, .write = (writer), ##__VA_ARGS__)
#define OF_GENERATION \
	.absent = ABSENT_NULL, .via = { MEMBER_VIA(struct status_certificate, generation) }

static const struct member status_certificate_members[] = {
	ROW_MEMBER("name", write_certificate_name),
	ROW_MEMBER("kind", write_certificate_kind),
	TEXT_MEMBER("subject", struct generation, subject, OF_GENERATION),
	TEXT_MEMBER("issuer", struct generation, issuer, OF_GENERATION),
	TEXT_MEMBER("serial", struct generation, serial, OF_GENERATION),
	TEXT_MEMBER("fingerprint_sha256", struct generation, fingerprint, OF_GENERATION),
	TEXT_MEMBER("key", struct generation, key, OF_GENERATION),
	TIME_MEMBER("not_before", struct generation, not_before, OF_GENERATION),
	TIME_MEMBER("not_after", struct generation, not_after, OF_GENERATION),
	ROW_MEMBER("days_left", write_certificate_days),
	TIME_MEMBER("renew_at", struct status_certificate, renew_at, .absent = ABSENT_NULL),
	TIME_MEMBER("held_until", struct status_certificate, held_until, .absent = ABSENT_NULL),
	CHOICE_MEMBER("source", struct generation, source, source_names, OF_GENERATION),
	PROBLEMS_MEMBER(struct status_certificate, own_problem_members),
	{ 0 },
};

/* ---- components ---- */

static json_t *write_trouble(const void *slot, size_t index)
{
	const struct status_component *row = slot;
	const struct component_seen *seen = row->seen;

	(void)index;
	if (row->state == COMPONENT_INVALID)
		return json_text(row->refusal);
	if (!seen)
		return NULL;
	if (seen->now.damage)
		return json_text(seen->now.damage);
	if (seen->now.attr_flaw)
		return json_text(seen->now.attr_flaw);
	return json_text(seen->now.served_flaw ? seen->now.served_flaw : seen->now.error);
}

static json_t *write_waits(const void *slot, size_t index)
{
	static const char *const names[STATUS_WAIT_COUNT] = { NULL, "window", "limits" };

	(void)index;
	return json_text(names[((const struct status_component *)slot)->waits]);
}

#define OF_COMPONENT .via = { MEMBER_VIA(struct status_component, component) }
#define OF_PART(part)                                            \
	.via = { MEMBER_VIA(struct status_component, component), \
		 MEMBER_VIA(struct component, part) }
#define SEEN_ROW .via = { MEMBER_VIA(struct status_component, seen) }
#define SEEN_TEXT(key, member) \
	TEXT_MEMBER(key, struct component_seen, member, .absent = ABSENT_NULL, SEEN_ROW)

static const struct member status_component_members[] = {
	TEXT_MEMBER("name", struct component, name, OF_COMPONENT),
	TEXT_MEMBER("role", struct role, name, OF_PART(role)),
	TEXT_MEMBER("certificate", struct certificate, name, OF_PART(certificate)),
	TEXT_MEMBER("process", struct component, process, OF_COMPONENT),
	FLAG_MEMBER("online", struct component_seen, now.online, SEEN_ROW),
	SEEN_TEXT("version", now.version),
	TEXT_MEMBER("desired", struct generation, fingerprint, .absent = ABSENT_NULL,
		    .via = { MEMBER_VIA(struct status_component, desired) }),
	SEEN_TEXT("installed", now.installed),
	SEEN_TEXT("served", now.served),
	CHOICE_MEMBER("evidence", struct component_seen, now.evidence, evidence_names, SEEN_ROW),
	CHOICE_MEMBER("state", struct status_component, state, component_state_names),
	ROW_MEMBER("waits", write_waits),
	TIME_MEMBER("waits_until", struct status_component, waits_until, .absent = ABSENT_NULL),
	SEEN_TEXT("last_error", last_error),
	ROW_MEMBER("error", write_trouble),
	TIME_MEMBER("observed_at", struct component_seen, now.observed_at, .absent = ABSENT_NULL,
		    SEEN_ROW),
	PROBLEMS_MEMBER(struct status_component, own_problem_members),
	{ 0 },
};

/* ---- agents ---- */

static json_t *write_agent_days(const void *slot, size_t index)
{
	(void)index;
	return write_days(((const struct status_agent *)slot)->left);
}

#define OF_ENROLLED .via = { MEMBER_VIA(struct status_agent, enrolled) }

static const struct member status_agent_members[] = {
	TEXT_MEMBER("name", struct enrolled, agent, OF_ENROLLED),
	TEXT_MEMBER("issuer", struct enrolled, issuer, OF_ENROLLED),
	TEXT_MEMBER("serial", struct enrolled, serial, OF_ENROLLED),
	TEXT_MEMBER("fingerprint_sha256", struct enrolled, fingerprint, OF_ENROLLED),
	TEXTS_MEMBER("names", struct enrolled, names, name_count, OF_ENROLLED),
	TIME_MEMBER("not_before", struct enrolled, not_before, OF_ENROLLED),
	TIME_MEMBER("not_after", struct enrolled, not_after, OF_ENROLLED),
	ROW_MEMBER("days_left", write_agent_days),
	TEXT_MEMBER("renewed_by", struct component, name, .absent = ABSENT_NULL,
		    .via = { MEMBER_VIA(struct status_agent, renewed_by) }),
	FLAG_MEMBER("replaced", struct status_agent, replaced),
	{ 0 },
};

/* ---- the document ---- */

static const struct member status_members[] = {
	CONSTANT_MEMBER("format_version", STATUS_FORMAT),
	TEXT_MEMBER("fleet", struct fleet, name, .via = { MEMBER_VIA(struct status, fleet) }),
	TIME_MEMBER("at", struct status, now),
	TIME_MEMBER("observed_at", struct status, observed_at, .absent = ABSENT_NULL),
	FLAG_MEMBER("offline", struct status, offline),
	LIST_MEMBER("certificates", struct status, certificates, certificate_count,
		    status_certificate_members),
	LIST_MEMBER("components", struct status, components, component_count,
		    status_component_members),
	LIST_MEMBER("agents", struct status, agents, agent_count, status_agent_members),
	PROBLEMS_MEMBER(struct status, problem_members),
	{ 0 },
};

json_t *status_to_json(const struct status *s)
{
	return json_encode(status_members, s);
}
