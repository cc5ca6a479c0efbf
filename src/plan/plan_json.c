/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of plans: encoding, and decoding of untrusted documents. */
#include "base/number.h"
#include "plan/planner.h"
#include "plan/summary.h"
#include "json/record.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- observations, preconditions, waves ---- */

static const struct member plan_seen_members[] = {
	TEXT_MEMBER("component", struct component_seen, name),
	FLAG_MEMBER("online", struct component_seen, now.online),
	TEXT_MEMBER("version", struct component_seen, now.version, .absent = ABSENT_NULL),
	FINGERPRINT_MEMBER("installed", struct component_seen, now.installed,
			   .absent = ABSENT_NULL),
	FINGERPRINT_MEMBER("served", struct component_seen, now.served, .absent = ABSENT_NULL),
	TEXT_MEMBER("error", struct component_seen, now.error, .absent = ABSENT_NULL),
	{ 0 },
};

static const struct member precondition_members[] = {
	TEXT_MEMBER("code", struct precondition, code),
	CHOICE_MEMBER("severity", struct precondition, severity, severity_names),
	TEXT_MEMBER("component", struct precondition, component),
	TEXT_MEMBER("message", struct precondition, message),
	TEXT_MEMBER("remedy", struct precondition, remedy),
	FLAG_MEMBER("acknowledged", struct precondition, acknowledged),
	TEXTS_MEMBER("items", struct precondition, items, item_count),
	{ 0 },
};

/* Waves, like steps, count from 1. */
static json_t *write_ordinal(const void *slot, size_t index)
{
	(void)slot;
	return json_integer((json_int_t)index + 1);
}

static const struct member left_out_members[] = {
	TEXT_MEMBER("certificate", struct left_out, certificate, .absent = ABSENT_NULL),
	TEXT_MEMBER("component", struct left_out, component, .absent = ABSENT_NULL),
	TEXT_MEMBER("code", struct left_out, code),
	TEXT_MEMBER("cause", struct left_out, cause),
	{ 0 },
};

static const struct member wave_members[] = {
	CUSTOM_MEMBER("wave", struct wave, role, write_ordinal, NULL, .derived = true),
	TEXT_MEMBER("role", struct wave, role),
	TEXTS_MEMBER("processes", struct wave, processes, process_count),
	NUMBER_MEMBER("limit", struct wave, limit, 0, UINT_MAX),
	FLAG_MEMBER("canary", struct wave, canary),
	FLAG_MEMBER("postponed", struct wave, postponed),
	{ 0 },
};

static json_t *write_wave(const void *slot, size_t index);

static json_t *write_agents(const void *slot, size_t index)
{
	const struct impact *i = slot;

	(void)index;
	return i->told ? json_integer(i->agents) : json_null();
}

static const struct member impact_members[] = {
	TEXT_MEMBER("component", struct impact, component),
	CUSTOM_MEMBER("wave", struct impact, wave, write_wave, NULL, .derived = true),
	CUSTOM_MEMBER("agents", struct impact, component, write_agents, NULL, .derived = true),
	{ 0 },
};
_Static_assert(offsetof(struct impact, component) == 0, "agents are of the whole row");

/* ---- steps; ids count from 1: "s1" ---- */

static json_t *write_own_id(const void *slot, size_t index)
{
	(void)slot;
	return json_sprintf("s%zu", index + 1);
}

static json_t *write_step_id(const void *slot, size_t index)
{
	(void)index;
	return json_sprintf("s%zu", *(const size_t *)slot + 1);
}

static bool read_step_id(const json_t *value, struct arena *a, void *slot)
{
	const char *id = json_string_value(value);
	char *end = NULL;

	(void)a;
	if (!id || id[0] != 's' || id[1] < '1' || id[1] > '9')
		return false;

	unsigned long number = strtoul(id + 1, &end, 10);

	*(size_t *)slot = number - 1;
	return !*end && number < NUMBER_LIMIT;
}

static json_t *write_wave(const void *slot, size_t index)
{
	int wave = *(const int *)slot;

	(void)index;
	return wave == NO_WAVE ? json_null() : json_integer(wave + 1);
}

static bool read_wave(const json_t *value, struct arena *a, void *slot)
{
	json_int_t number = json_integer_value(value);

	(void)a;
	*(int *)slot = json_is_null(value) ? NO_WAVE : (int)(number - 1);
	return json_is_null(value) || (json_is_integer(value) && number >= 1 && number <= INT_MAX);
}

static const struct member step_id_item[] = {
	{ .key = "", .kind = MEMBER_CUSTOM, .write = write_step_id, .read = read_step_id },
	{ 0 },
};

static const struct member request_members[] = {
	TEXT_MEMBER("field", struct request_field, field),
	TEXT_MEMBER("old", struct request_field, was, .absent = ABSENT_NULL),
	TEXT_MEMBER("new", struct request_field, value),
	{ 0 },
};

static const struct member step_members[] = {
	CUSTOM_MEMBER("id", struct step, kind, write_own_id, NULL, .derived = true),
	CHOICE_MEMBER("kind", struct step, kind, step_kind_names),
	TEXT_MEMBER("component", struct step, component, .absent = ABSENT_NULL),
	TEXT_MEMBER("certificate", struct step, certificate, .absent = ABSENT_NULL),
	TEXT_MEMBER("process", struct step, process, .absent = ABSENT_NULL),
	TEXT_MEMBER("copy", struct step, copy, .absent = ABSENT_OMITTED),
	FINGERPRINT_MEMBER("generation", struct step, generation, .absent = ABSENT_NULL),
	FINGERPRINT_MEMBER("replaces", struct step, replaces, .absent = ABSENT_NULL),
	CHOICE_MEMBER("activation", struct step, activation, activation_names,
		      .former_names = activation_former_names),
	CUSTOM_MEMBER("wave", struct step, wave, write_wave, read_wave),
	TIME_MEMBER("waits_until", struct step, waits_until, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("reason", struct step, reason),
	LIST_MEMBER("after", struct step, after, after_count, step_id_item),
	LIST_MEMBER("changes", struct step, request, request_count, request_members,
		    .absent = ABSENT_OMITTED),
	{ 0 },
};

/* ---- document ---- */

static json_t *write_summary(const void *slot, size_t index)
{
	const struct plan *p = slot;
	const struct summary s = plan_summary(p);
	json_t *object = json_object();

	(void)index;
	for (enum step_kind kind = 0; kind < STEP_KIND_COUNT; kind++)
		json_object_set_new(object, step_kind_names[kind],
				    json_integer((json_int_t)s.steps[kind]));
	json_object_set_new(object, "unchanged", json_integer((json_int_t)p->unchanged));
	return object;
}

/* Every count but `unchanged` follows from the steps, which are decoded before. */
static bool read_summary(const json_t *value, struct arena *a, void *slot)
{
	const json_t *unchanged = json_object_get(value, "unchanged");
	struct plan *p = slot;

	(void)a;
	if (!json_is_integer(unchanged) || json_integer_value(unchanged) < 0)
		return false;
	p->unchanged = (size_t)json_integer_value(unchanged);

	AUTO(json) again = write_summary(p, 0);

	return json_equal(again, value);
}

static const struct member choice_members[] = {
	TEXTS_MEMBER("ack", struct choices, acks, ack_count),
	TEXTS_MEMBER("reissue", struct choices, reissue, reissue_count),
	TEXTS_MEMBER("use", struct choices, use, use_count),
	TIME_MEMBER("until", struct choices, until, .absent = ABSENT_NULL),
	TEXTS_MEMBER("handed_over", struct choices, handed_over, handed_over_count),
	TEXT_MEMBER("from_backup", struct choices, from_backup, .absent = ABSENT_NULL),
	TEXT_MEMBER("ignore_windows", struct choices, ignore_windows, .absent = ABSENT_NULL),
	TEXT_MEMBER("over_limits", struct choices, over_limits, .absent = ABSENT_NULL),
	FLAG_MEMBER("restart_postponed", struct choices, restart_postponed),
	{ 0 },
};

static const struct member plan_state_members[] = {
	TEXT_MEMBER("lineage", struct plan, lineage),
	NUMBER_MEMBER("serial", struct plan, serial, 0, NUMBER_LIMIT - 1),
	{ 0 },
};

/*
 * `generated_at` is `at`: planning reads no clock, so that equal arguments give
 * equal bytes.
 */
static const struct member document_members[] = {
	CONSTANT_MEMBER("format_version", PLAN_FORMAT),
	TEXT_MEMBER("fleet", struct plan, fleet),
	TIME_MEMBER("generated_at", struct plan, at),
	TIME_MEMBER("at", struct plan, at, .derived = true),
	NUMBER_MEMBER("valid_for", struct plan, valid_for, 1, PLAN_VALID_MOST),
	TEXTS_MEMBER("target", struct plan, choices.targets, choices.target_count,
		     .absent = ABSENT_NULL),
	FINGERPRINT_MEMBER("maker", struct plan, maker, .absent = ABSENT_OMITTED),
	OBJECT_MEMBER("choices", struct plan, choices, choice_members),
	TEXT_MEMBER("spec_digest", struct plan, spec_digest),
	GROUP_MEMBER("state", plan_state_members),
	LIST_MEMBER("observed", struct plan, observed, observed_count, plan_seen_members),
	LIST_MEMBER("preconditions", struct plan, preconditions, precondition_count,
		    precondition_members),
	LIST_MEMBER("steps", struct plan, steps, step_count, step_members),
	LIST_MEMBER("left_out", struct plan, left_out, left_out_count, left_out_members),
	LIST_MEMBER("waves", struct plan, waves, wave_count, wave_members),
	LIST_MEMBER("impact", struct plan, impact, impact_count, impact_members,
		    .absent = ABSENT_OMITTED),
	CUSTOM_MEMBER("summary", struct plan, arena, write_summary, read_summary),
	{ 0 },
};

const struct member *const plan_members = document_members;

_Static_assert(offsetof(struct plan, arena) == 0, "the summary is of the whole plan");

json_t *plan_to_json(const struct plan *p)
{
	return json_encode(plan_members, p);
}

void plan_tell_left_out(const struct plan *p, json_t *event)
{
	for (const struct member *m = plan_members; m->key; m++)
		if (!strcmp(m->key, "preconditions") || !strcmp(m->key, "left_out"))
			json_object_set_new(event, m->key, json_encode_member(m, p, 0));
}

/* ---- semantic checks ---- */

/* Subjects that a step of each kind must name. */
static const struct {
	bool certificate;
	bool component;
	bool process;
	bool copy;
} step_subjects[STEP_KIND_COUNT] = {
	[STEP_CREATE_ISSUER] = { .certificate = true },
	[STEP_PUBLISH] = { .certificate = true },
	[STEP_ISSUE] = { .certificate = true },
	[STEP_IMPORT] = { .certificate = true },
	[STEP_EXPORT] = { .certificate = true },
	[STEP_BACKUP] = { 0 },
	[STEP_COPY] = { .copy = true },
	[STEP_STAGE] = { true, true, true, false },
	[STEP_COMMIT] = { true, true, true, false },
	[STEP_ACTIVATE] = { true, true, true, false },
	[STEP_VERIFY] = { true, true, true, false },
	[STEP_REVERT] = { true, true, true, false },
	[STEP_ROLLBACK] = { true, true, true, false },
	[STEP_RETIRE] = { .component = true },
};

static bool has_subjects(const struct step *s)
{
	return (s->certificate || !step_subjects[s->kind].certificate) &&
	       (s->component || !step_subjects[s->kind].component) &&
	       (s->process || !step_subjects[s->kind].process) &&
	       (s->copy || !step_subjects[s->kind].copy);
}

static bool check_observed(const struct plan *p, struct err *e)
{
	for (size_t i = 1; i < p->observed_count; i++)
		if (strcmp(p->observed[i - 1].name, p->observed[i].name) >= 0)
			return err_set(e, ERR_INPUT, "observed[%zu]: it is out of order", i);
	return true;
}

static bool check_steps(const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->step_count; i++) {
		const struct step *s = &p->steps[i];

		if (!has_subjects(s))
			return err_set(e, ERR_INPUT, "steps[%zu]: it has no subject", i);
		if (s->wave != NO_WAVE && (size_t)s->wave >= p->wave_count)
			return err_set(e, ERR_INPUT, "steps[%zu]: there is no such 'wave'", i);
		for (size_t k = 0; k < s->after_count; k++)
			if (s->after[k] >= i)
				return err_set(e, ERR_INPUT,
					       "steps[%zu]: 'after' is no earlier step", i);
	}
	return true;
}

bool plan_from_json(const json_t *json, struct plan *out, struct err *e)
{
	AUTO(plan) p = { 0 };
	const char *version = json_string_value(json_object_get(json, "format_version"));
	struct err why = { 0 };

	if (!version)
		return err_set(e, ERR_INPUT, "this is not a plan of certfleet");
	if (strcmp(version, PLAN_FORMAT) != 0)
		return err_set(e, ERR_INPUT,
			       "only a plan of format '" PLAN_FORMAT "' can be read, plan again");
	if (!json_decode_strictly(plan_members, json, &p.arena, &p, &why) ||
	    !check_observed(&p, &why) || !check_steps(&p, &why))
		return err_set(e, ERR_INPUT, "%s; plan again", why.text);
	*out = TAKE(p);
	return true;
}
