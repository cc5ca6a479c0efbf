/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/number.h"
#include "plan/members.h"
#include "plan/planner.h"
#include "plan/render_json.h"

#include <stdlib.h>
#include <string.h>

AUTO_TYPE(json, json_t *, json_decref)

/* ---- the parts of a plan ---- */

static const struct member seen_members[] = {
	MEMBER(component_seen, "component", name, MEMBER_TEXT),
	MEMBER(component_seen, "online", online, MEMBER_FLAG),
	MEMBER(component_seen, "version", version, MEMBER_TEXT_OR_NULL),
	MEMBER(component_seen, "installed", installed, MEMBER_FINGERPRINT),
	MEMBER(component_seen, "served", served, MEMBER_FINGERPRINT),
	MEMBER(component_seen, "error", error, MEMBER_TEXT_OR_NULL),
	{ 0 },
};

static const struct member precondition_members[] = {
	MEMBER(precondition, "code", code, MEMBER_TEXT),
	MEMBER(precondition, "severity", severity, MEMBER_CHOICE, severity_names),
	MEMBER(precondition, "component", component, MEMBER_TEXT),
	MEMBER(precondition, "message", message, MEMBER_TEXT),
	MEMBER(precondition, "remedy", remedy, MEMBER_TEXT),
	MEMBER(precondition, "acknowledged", acknowledged, MEMBER_FLAG),
	{ 0 },
};

static const struct member wave_members[] = {
	MEMBER(wave, "role", role, MEMBER_TEXT),
	MEMBER(wave, "limit", limit, MEMBER_COUNT),
	MEMBER(wave, "canary", canary, MEMBER_FLAG),
	MEMBER(wave, "postponed", postponed, MEMBER_FLAG),
	{ 0 },
};

static const struct member step_members[] = {
	MEMBER(step, "kind", kind, MEMBER_CHOICE, step_kind_names),
	MEMBER(step, "component", component, MEMBER_TEXT_OR_NULL),
	MEMBER(step, "certificate", certificate, MEMBER_TEXT_OR_NULL),
	MEMBER(step, "process", process, MEMBER_TEXT_OR_NULL),
	MEMBER(step, "generation", generation, MEMBER_FINGERPRINT),
	MEMBER(step, "replaces", replaces, MEMBER_FINGERPRINT),
	MEMBER(step, "activation", activation, MEMBER_CHOICE, activation_names),
	MEMBER(step, "reason", reason, MEMBER_TEXT),
	{ 0 },
};

static const struct member state_members[] = {
	MEMBER(plan, "lineage", lineage, MEMBER_TEXT),
	{ 0 },
};

static const struct member plan_members[] = {
	MEMBER(plan, "fleet", fleet, MEMBER_TEXT),
	MEMBER(plan, "spec_digest", spec_digest, MEMBER_TEXT),
	{ 0 },
};

static bool read_observed(struct member_reader *r, const json_t *json, struct plan *p)
{
	const json_t *array = NULL;

	if (!members_array(r, json, "observed", &array))
		return false;

	size_t count = json_array_size(array);
	struct component_seen *seen = arena_array(r->a, count, sizeof(*seen));

	for (size_t i = 0; i < count; i++) {
		if (!members_read(r, seen_members, json_array_get(array, i), &seen[i]))
			return false;
		if (i > 0 && strcmp(seen[i - 1].name, seen[i].name) >= 0)
			return members_refuse(r, "observed");
	}
	p->observed = seen;
	p->observed_count = count;
	return true;
}

static bool read_preconditions(struct member_reader *r, const json_t *json, struct plan *p)
{
	const json_t *array = NULL;

	if (!members_array(r, json, "preconditions", &array))
		return false;

	size_t count = json_array_size(array);
	struct precondition *list = arena_array(r->a, count, sizeof(*list));

	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(array, i);
		struct text_list items = { 0 };

		if (!members_read(r, precondition_members, item, &list[i]) ||
		    !members_texts(r, item, "items", &items))
			return false;
		list[i].items = items.items;
		list[i].item_count = items.count;
	}
	p->preconditions = list;
	p->precondition_count = count;
	return true;
}

static bool read_waves(struct member_reader *r, const json_t *json, struct plan *p)
{
	const json_t *array = NULL;

	if (!members_array(r, json, "waves", &array))
		return false;

	size_t count = json_array_size(array);
	struct wave *waves = arena_array(r->a, count, sizeof(*waves));

	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(array, i);
		struct text_list processes = { 0 };

		if (!members_read(r, wave_members, item, &waves[i]) ||
		    !members_texts(r, item, "processes", &processes))
			return false;
		waves[i].processes = processes.items;
		waves[i].process_count = processes.count;
	}
	p->waves = waves;
	p->wave_count = count;
	return true;
}

/* What a step of each kind is about. */
static const struct {
	bool certificate;
	bool component;
	bool process;
} step_subjects[STEP_KIND_COUNT] = {
	[STEP_CREATE_ISSUER] = { .certificate = true },
	[STEP_PUBLISH] = { .certificate = true },
	[STEP_ISSUE] = { .certificate = true },
	[STEP_IMPORT] = { .certificate = true },
	[STEP_BACKUP] = { 0 },
	[STEP_STAGE] = { true, true, true },
	[STEP_COMMIT] = { true, true, true },
	[STEP_ACTIVATE] = { true, true, true },
	[STEP_VERIFY] = { true, true, true },
	[STEP_ROLLBACK] = { 0 },
	[STEP_RETIRE] = { .component = true },
};

static bool has_subjects(const struct step *s)
{
	return s->kind != STEP_ROLLBACK &&
	       (s->certificate || !step_subjects[s->kind].certificate) &&
	       (s->component || !step_subjects[s->kind].component) &&
	       (s->process || !step_subjects[s->kind].process);
}

static bool read_wave_index(struct member_reader *r, const json_t *item, const struct plan *p,
			    int *out)
{
	const json_t *wave = json_object_get(item, "wave");
	json_int_t number = json_integer_value(wave);

	if (json_is_null(wave)) {
		*out = NO_WAVE;
		return true;
	}
	if (!json_is_integer(wave) || number < 1 || (size_t)number > p->wave_count)
		return members_refuse(r, "wave");
	*out = (int)(number - 1);
	return true;
}

/* "s7" is step 6; only steps before `limit` may be named. */
static bool read_step_id(const char *id, size_t limit, size_t *out)
{
	char *end = NULL;

	if (id[0] != 's' || id[1] < '1' || id[1] > '9')
		return false;

	unsigned long number = strtoul(id + 1, &end, 10);

	if (*end || number > limit)
		return false;
	*out = number - 1;
	return true;
}

static bool read_after(struct member_reader *r, const json_t *item, size_t index, struct step *s)
{
	struct text_list ids = { 0 };

	if (!members_texts(r, item, "after", &ids))
		return false;

	size_t *after = arena_array(r->a, ids.count, sizeof(*after));

	for (size_t i = 0; i < ids.count; i++)
		if (!read_step_id(ids.items[i], index, &after[i]))
			return members_refuse(r, "after");
	s->after = after;
	s->after_count = ids.count;
	return true;
}

static const struct member request_members[] = {
	MEMBER(request_field, "field", field, MEMBER_TEXT),
	MEMBER(request_field, "value", value, MEMBER_TEXT),
	MEMBER(request_field, "was", was, MEMBER_TEXT_OR_NULL),
	{ 0 },
};

static bool plan_read_request(struct member_reader *r, const json_t *item, struct step *s)
{
	const json_t *array = json_object_get(item, "request");

	if (!array)
		return true;
	if (!members_array(r, item, "request", &array))
		return false;

	size_t count = json_array_size(array);
	struct request_field *fields = arena_array(r->a, count, sizeof(*fields));

	for (size_t i = 0; i < count; i++)
		if (!members_read(r, request_members, json_array_get(array, i), &fields[i]))
			return false;
	s->request = fields;
	s->request_count = count;
	return true;
}

static bool read_steps(struct member_reader *r, const json_t *json, struct plan *p)
{
	const json_t *array = NULL;

	if (!members_array(r, json, "steps", &array))
		return false;

	size_t count = json_array_size(array);
	struct step *steps = arena_array(r->a, count, sizeof(*steps));

	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(array, i);

		if (!members_read(r, step_members, item, &steps[i]) ||
		    !read_wave_index(r, item, p, &steps[i].wave) ||
		    !plan_read_request(r, item, &steps[i]) || !read_after(r, item, i, &steps[i]))
			return false;
		if (!has_subjects(&steps[i]))
			return members_refuse(r, "steps");
	}
	p->steps = steps;
	p->step_count = count;
	return true;
}

static bool read_choices(struct member_reader *r, const json_t *json, struct plan *p)
{
	const json_t *choices = json_object_get(json, "choices");
	const json_t *postponed = json_object_get(choices, "restart_postponed");
	struct text_list targets = { 0 };
	struct text_list acks = { 0 };
	struct text_list reissue = { 0 };

	if (!json_is_null(json_object_get(json, "target")) &&
	    !members_texts(r, json, "target", &targets))
		return false;
	if (!members_texts(r, choices, "ack", &acks) ||
	    !members_texts(r, choices, "reissue", &reissue))
		return false;
	if (!json_is_boolean(postponed))
		return members_refuse(r, "restart_postponed");
	p->choices = (struct choices){
		.targets = targets.items,
		.target_count = targets.count,
		.acks = acks.items,
		.ack_count = acks.count,
		.reissue = reissue.items,
		.reissue_count = reissue.count,
		.restart_postponed = json_is_true(postponed),
	};
	return true;
}

static bool plan_read_head(struct member_reader *r, const json_t *json, struct plan *p)
{
	const json_t *at = json_object_get(json, "at");
	const json_t *state = json_object_get(json, "state");
	const json_t *serial = json_object_get(state, "serial");
	const json_t *unchanged = json_object_get(json_object_get(json, "summary"), "unchanged");

	if (!member_is_text(at) || !time_parse(json_string_value(at), &p->at))
		return members_refuse(r, "at");
	if (!json_is_integer(serial) || json_integer_value(serial) < 0 ||
	    json_integer_value(serial) >= NUMBER_LIMIT)
		return members_refuse(r, "serial");
	if (!json_is_integer(unchanged) || json_integer_value(unchanged) < 0)
		return members_refuse(r, "unchanged");
	p->serial = json_integer_value(serial);
	p->unchanged = (size_t)json_integer_value(unchanged);
	return members_read(r, state_members, state, p) && members_read(r, plan_members, json, p);
}

static bool is_list(const char *key)
{
	for (const struct plan_list *l = plan_lists; l->key; l++)
		if (!strcmp(l->key, key))
			return true;
	return false;
}

static bool check_list(struct member_reader *r, const json_t *json, const struct plan_list *l,
		       const struct plan *p)
{
	const json_t *array = json_object_get(json, l->key);

	for (size_t i = 0; i < plan_list_count(l, p); i++) {
		AUTO(json) again = l->item(p, i);

		if (!json_equal(again, json_array_get(array, i)))
			return members_refuse(r, l->key);
	}
	return true;
}

/* Written again it has to be what was read: nothing is left unread. */
static bool check_inverse(struct member_reader *r, const json_t *json, const struct plan *p)
{
	AUTO(json) again = plan_head_to_json(p);
	const char *key = NULL;
	json_t *value = NULL;

	json_object_foreach(again, key, value)
	{
		if (!is_list(key) && !json_equal(value, json_object_get(json, key)))
			return members_refuse(r, key);
	}
	if (json_object_size(again) != json_object_size(json))
		return err_set(r->e, ERR_INPUT,
			       "it has keys that certfleet does not write, plan again");
	for (const struct plan_list *l = plan_lists; l->key; l++)
		if (!check_list(r, json, l, p))
			return false;
	return true;
}

static bool plan_read_check_version(const json_t *json, struct err *e)
{
	const json_t *version = json_object_get(json, "format_version");

	if (!member_is_text(version))
		return err_set(e, ERR_INPUT, "this is no plan of certfleet");
	if (strcmp(json_string_value(version), PLAN_FORMAT) != 0)
		return err_set(e, ERR_INPUT,
			       "only a plan of format '" PLAN_FORMAT "' can be read, plan again");
	return true;
}

bool plan_from_json(const json_t *json, struct plan *out, struct err *e)
{
	AUTO(plan) p = { 0 };
	struct member_reader r = { .a = &p.arena, .e = e };

	if (!plan_read_check_version(json, e) || !plan_read_head(&r, json, &p) ||
	    !read_choices(&r, json, &p) || !read_observed(&r, json, &p) ||
	    !read_preconditions(&r, json, &p) || !read_waves(&r, json, &p) ||
	    !read_steps(&r, json, &p) || !check_inverse(&r, json, &p))
		return false;
	*out = TAKE(p);
	return true;
}
