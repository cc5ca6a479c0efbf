/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/render_json.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "plan/planner.h"
#include "plan/summary.h"

#include <string.h>

/* JSON holds UTF-8 only; text from outside may be anything. */
static json_t *text(const char *s)
{
	if (!s)
		return json_null();
	if (text_is_utf8(s, strlen(s)))
		return json_string(s);

	AUTO(arena) a = { 0 };

	return json_string(text_escaped(&a, s));
}

static json_t *moment(int64_t when)
{
	char shown[TIME_TEXT];

	return json_string(time_format(when, shown));
}

static json_t *json_texts(const char *const *list, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, text(list[i]));
	return array;
}

/* Step ids count from 1: "s1". */
static json_t *step_id(size_t index)
{
	return json_sprintf("s%zu", index + 1);
}

static json_t *step_ids(const size_t *steps, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, step_id(steps[i]));
	return array;
}

static json_t *seen_item(const struct plan *p, size_t index)
{
	const struct component_seen *seen = &p->observed[index];

	return json_pack("{so sb so so so so}", "component", text(seen->name), "online",
			 seen->online, "version", text(seen->version), "installed",
			 text(seen->installed), "served", text(seen->served), "error",
			 text(seen->error));
}

static json_t *precondition_item(const struct plan *p, size_t index)
{
	const struct precondition *c = &p->preconditions[index];

	return json_pack("{so ss so so so sb so}", "code", text(c->code), "severity",
			 severity_names[c->severity], "component", text(c->component), "message",
			 text(c->message), "remedy", text(c->remedy), "acknowledged",
			 c->acknowledged, "items", json_texts(c->items, c->item_count));
}

static json_t *json_render_request(const struct step *s)
{
	json_t *array = json_array();

	for (size_t i = 0; i < s->request_count; i++) {
		const struct request_field *f = &s->request[i];

		json_array_append_new(array, json_pack("{ss so so}", "field", f->field, "value",
						       text(f->value), "was", text(f->was)));
	}
	return array;
}

static json_t *step_item(const struct plan *p, size_t index)
{
	const struct step *s = &p->steps[index];
	json_t *wave = s->wave == NO_WAVE ? json_null() : json_integer(s->wave + 1);
	json_t *item =
		json_pack("{so ss so so so so so ss so so so}", "id", step_id(index), "kind",
			  step_kind_names[s->kind], "component", text(s->component), "certificate",
			  text(s->certificate), "process", text(s->process), "generation",
			  text(s->generation), "replaces", text(s->replaces), "activation",
			  activation_names[s->activation], "wave", wave, "reason", text(s->reason),
			  "after", step_ids(s->after, s->after_count));

	if (s->request_count)
		json_object_set_new(item, "request", json_render_request(s));
	return item;
}

static json_t *wave_item(const struct plan *p, size_t index)
{
	const struct wave *w = &p->waves[index];

	return json_pack("{sI so so sI sb sb}", "wave", (json_int_t)index + 1, "role",
			 text(w->role), "processes", json_texts(w->processes, w->process_count),
			 "limit", (json_int_t)w->limit, "canary", w->canary, "postponed",
			 w->postponed);
}

const struct plan_list plan_lists[] = {
	{ "observed", offsetof(struct plan, observed_count), seen_item },
	{ "preconditions", offsetof(struct plan, precondition_count), precondition_item },
	{ "steps", offsetof(struct plan, step_count), step_item },
	{ "waves", offsetof(struct plan, wave_count), wave_item },
	{ 0 },
};

size_t plan_list_count(const struct plan_list *l, const struct plan *p)
{
	return *(const size_t *)((const char *)p + l->count);
}

static json_t *json_render_summary(const struct plan *p)
{
	const struct summary s = plan_summary(p);
	json_t *object = json_object();

	for (enum step_kind kind = 0; kind < STEP_KIND_COUNT; kind++)
		json_object_set_new(object, step_kind_names[kind],
				    json_integer((json_int_t)s.steps[kind]));
	json_object_set_new(object, "unchanged", json_integer((json_int_t)p->unchanged));
	return object;
}

static json_t *render_choices(const struct choices *c)
{
	return json_pack("{so so sb}", "ack", json_texts(c->acks, c->ack_count), "reissue",
			 json_texts(c->reissue, c->reissue_count), "restart_postponed",
			 c->restart_postponed);
}

json_t *plan_head_to_json(const struct plan *p)
{
	const struct choices *c = &p->choices;
	json_t *target = c->target_count ? json_texts(c->targets, c->target_count) : json_null();
	json_t *state =
		json_pack("{so sI}", "lineage", text(p->lineage), "serial", (json_int_t)p->serial);

	/* generated_at is `at`: planning asks no clock, so that the same
	 * arguments give the same bytes. */
	return json_pack("{ss so so so so so so so sn sn sn sn so}", "format_version", PLAN_FORMAT,
			 "fleet", text(p->fleet), "generated_at", moment(p->at), "at",
			 moment(p->at), "target", target, "choices", render_choices(c),
			 "spec_digest", text(p->spec_digest), "state", state, "observed",
			 "preconditions", "steps", "waves", "summary", json_render_summary(p));
}

json_t *plan_to_json(const struct plan *p)
{
	json_t *json = plan_head_to_json(p);

	for (const struct plan_list *l = plan_lists; l->key; l++) {
		json_t *array = json_array();

		for (size_t i = 0; i < plan_list_count(l, p); i++)
			json_array_append_new(array, l->item(p, i));
		json_object_set_new(json, l->key, array);
	}
	return json;
}
