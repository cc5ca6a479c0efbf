/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/report.h"

#include "base/number.h"
#include "json/record.h"

/* The end of the year 9999: a clock may be wrong, but arithmetic must not overflow. */
#define LATEST_TIME INT64_C(253402300799)

static const struct member identity_members[] = {
	FINGERPRINT_MEMBER("spki", struct report_identity, spki),
	SHOWN_MEMBER("program", struct report_identity, program),
	NUMBER_MEMBER("time", struct report_identity, time, 0, LATEST_TIME),
	{ 0 },
};

/*
 * SHOWN for anything a process may have printed; TEXT for names, which are
 * compared and never shown.
 */
static const struct member report_members[] = {
	NUMBER_MEMBER("sequence", struct component_report, seen.order_taken, 0, INT64_MAX),
	CHOICE_MEMBER("activation", struct component_report, activation, activation_names,
		      .former_names = activation_former_names),
	TEXT_MEMBER("name", struct component_report, name),
	SHOWN_MEMBER("version", struct component_report, seen.version, .absent = ABSENT_NULL),
	FINGERPRINT_MEMBER("installed", struct component_report, seen.installed,
			   .absent = ABSENT_NULL),
	FINGERPRINT_MEMBER("chain", struct component_report, seen.chain, .absent = ABSENT_NULL),
	SHOWN_MEMBER("damage", struct component_report, seen.damage, .absent = ABSENT_NULL),
	FINGERPRINT_MEMBER("staged", struct component_report, seen.staged, .absent = ABSENT_NULL),
	SHOWN_MEMBER("unwritable", struct component_report, seen.unwritable, .absent = ABSENT_NULL),
	SHOWN_MEMBER("error", struct component_report, seen.error, .absent = ABSENT_NULL),
	FINGERPRINT_MEMBER("served", struct component_report, seen.served, .absent = ABSENT_NULL),
	TEXT_MEMBER("lineage", struct component_report, seen.order_from, .absent = ABSENT_NULL),
	SHOWN_MEMBER("attr_flaw", struct component_report, seen.attr_flaw, .absent = ABSENT_LATER),
	FINGERPRINT_MEMBER("activated", struct component_report, seen.activated,
			   .absent = ABSENT_LATER),
	SHOWN_MEMBER("doubt", struct component_report, seen.doubt, .absent = ABSENT_LATER),
	SHOWN_MEMBER("untrusted", struct component_report, seen.untrusted, .absent = ABSENT_LATER),
	SHOWN_MEMBER("not_running", struct component_report, seen.not_running,
		     .absent = ABSENT_LATER),
	TEXT_MEMBER("executable", struct component_report, seen.executable, .absent = ABSENT_LATER),
	{ 0 },
};

struct single_report {
	struct report_identity agent;
	struct component_report component;
};

static const struct member single_report_members[] = {
	OBJECT_MEMBER("agent", struct single_report, agent, identity_members),
	OBJECT_MEMBER("component", struct single_report, component, report_members),
	{ 0 },
};

struct full_report {
	struct report_identity agent;
	const struct component_report *components;
	size_t count;
};

static const struct member full_report_members[] = {
	OBJECT_MEMBER("agent", struct full_report, agent, identity_members),
	LIST_MEMBER("components", struct full_report, components, count, report_members),
	{ 0 },
};

json_t *report_one(const struct report_identity *agent, const struct component_report *c)
{
	const struct single_report report = { *agent, *c };

	return json_encode(single_report_members, &report);
}

json_t *report_all(const struct report_identity *agent, const struct component_report *list,
		   size_t count)
{
	const struct full_report report = { *agent, list, count };

	return json_encode(full_report_members, &report);
}

bool report_read(const char *text, size_t len, struct arena *a, struct report_identity *agent,
		 struct component_report *c, struct err *e)
{
	AUTO(json) json = json_parse(text, len);
	struct single_report report = { 0 };
	struct err why = { 0 };

	if (!json_decode(single_report_members, json, a, &report, &why))
		return err_set(e, ERR_REMOTE, "the agent's answer is malformed: %s", why.text);
	if (!*report.agent.spki)
		return err_set(e, ERR_REMOTE, "the agent's answer is malformed: it has no key");
	if (report.component.seen.order_taken >= NUMBER_LIMIT)
		return err_set(
			e, ERR_REMOTE,
			"the agent says that its last order had number %lld, which is impossible: its record is damaged; on its host stop the agent, check the pair, remove the component's file in the agent's 'state' directory and start it again",
			(long long)report.component.seen.order_taken);
	*agent = report.agent;
	*c = report.component;
	return true;
}
