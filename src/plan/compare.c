/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "plan/codes.h"
#include "plan/planner.h"
#include "json/record.h"

#include <stdlib.h>
#include <string.h>

enum {
	VALUE_SHOWN = 80
};

/* ---- saved form of a plan ---- */

struct plan plan_saved_form(const struct plan *p, struct arena *a)
{
	struct plan saved = *p;
	struct stepped stepped = plan_stepped(p, a);
	struct component_seen *seen = arena_array(a, p->observed_count, sizeof(*seen));

	saved.arena = (struct arena){ 0 };
	saved.observed = seen;
	saved.observed_count = 0;
	saved.impact = NULL;
	saved.impact_count = 0;
	for (size_t i = 0; i < p->observed_count; i++)
		if (stepped_has(&stepped, p->observed[i].name))
			seen[saved.observed_count++] = p->observed[i];
	return saved;
}

/* ---- the first difference of two documents ---- */

struct difference {
	struct buf path;
	const json_t *was; /* NULL: no value */
	const json_t *now;
};

static void descend(const json_t *was, const json_t *now, struct difference *out);

static void descend_member(const json_t *was, const json_t *now, struct difference *out)
{
	const char *key = NULL;
	json_t *value = NULL;

	json_object_foreach((json_t *)was, key, value)
	{
		const json_t *other = json_object_get(now, key);

		if (json_equal(value, other))
			continue;
		buf_printf(&out->path, ".%s", key);
		descend(value, other, out);
		return;
	}
	json_object_foreach((json_t *)now, key, value)
	{
		if (json_object_get(was, key))
			continue;
		buf_printf(&out->path, ".%s", key);
		descend(NULL, value, out);
		return;
	}
}

static void descend_item(const json_t *was, const json_t *now, struct difference *out)
{
	size_t i = 0;

	while (json_equal(json_array_get(was, i), json_array_get(now, i)))
		i++;
	buf_printf(&out->path, "[%zu]", i);
	descend(json_array_get(was, i), json_array_get(now, i), out);
}

/* Descends to the first difference; `was` and `now` are not equal. */
static void descend(const json_t *was, const json_t *now, struct difference *out)
{
	out->was = was;
	out->now = now;
	if (json_is_object(was) && json_is_object(now))
		descend_member(was, now, out);
	else if (json_is_array(was) && json_is_array(now))
		descend_item(was, now, out);
}

/* JSON text of a value, or "nothing"; escaped and truncated. */
static void show_value(const json_t *value, struct buf *out)
{
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;

	if (!text)
		buf_puts(out, "nothing");
	else
		text_escape(out, text, len < VALUE_SHOWN ? len : VALUE_SHOWN);
	if (len > VALUE_SHOWN)
		buf_puts(out, "...");
	free(text);
}

static bool refuse_difference(const char *path, const json_t *was, const json_t *now, struct err *e)
{
	struct difference d = { 0 };
	AUTO(buf) before = { 0 };
	AUTO(buf) after = { 0 };

	buf_puts(&d.path, path);
	descend(was, now, &d);
	show_value(d.was, &before);
	show_value(d.now, &after);
	err_set(e, ERR_STALE,
		"the plan is not what would be planned now: '%s' is %s there, it would be %s; make a new plan",
		buf_text(&d.path), buf_text(&before), buf_text(&after));
	buf_release(&d.path);
	return false;
}

static bool is_long_list(const struct member *m)
{
	return m->kind == MEMBER_LIST && m->absent == ABSENT_NEVER;
}

/*
 * Long lists are compared item by item, so that a large plan is not in memory
 * twice more.
 */
static bool same_member(const struct member *m, const struct plan *saved, const struct plan *fresh,
			struct err *e)
{
	bool is_list = is_long_list(m);
	size_t saved_count = is_list ? json_item_count(m, saved) : 1;
	size_t fresh_count = is_list ? json_item_count(m, fresh) : 1;

	for (size_t i = 0; i < saved_count || i < fresh_count; i++) {
		json_t *(*const encode)(const struct member *, const void *, size_t) =
			is_list ? json_encode_item : json_encode_member;
		AUTO(json) was = i < saved_count ? encode(m, saved, i) : NULL;
		AUTO(json) now = i < fresh_count ? encode(m, fresh, i) : NULL;
		AUTO(buf) path = { 0 };

		if ((!was && !now) || json_equal(was, now))
			continue;
		buf_puts(&path, m->key);
		if (is_list)
			buf_printf(&path, "[%zu]", i);
		return refuse_difference(buf_text(&path), was, now, e);
	}
	return true;
}

/* Lists first: a differing step says more than a differing digest of the input. */
bool plan_is_same(const struct plan *saved, const struct plan *fresh, struct err *e)
{
	AUTO(arena) a = { 0 };
	const struct plan comparable = plan_saved_form(fresh, &a);

	for (int lists = 1; lists >= 0; lists--)
		for (const struct member *m = plan_members; m->key; m++)
			if (is_long_list(m) == lists && !same_member(m, saved, &comparable, e))
				return false;
	return true;
}

/* ---- a part of a saved plan ---- */

/* What stands in a plan that components have left. */
struct remainder {
	const struct plan *saved; /* these in the form of plan_saved_form() */
	const struct plan *fresh;
	struct stepped left; /* names of components that are not in `fresh` */
};

static struct stepped left_names(const struct plan *fresh, struct arena *a)
{
	const char **names =
		arena_array(a, fresh->left_out_count + fresh->precondition_count, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; i < fresh->left_out_count; i++)
		if (fresh->left_out[i].component)
			names[count++] = fresh->left_out[i].component;
	for (size_t i = 0; i < fresh->precondition_count; i++)
		if (!strcmp(fresh->preconditions[i].code, code_rows[CODE_MOVED].name))
			names[count++] = fresh->preconditions[i].component;
	return stepped_sorted(names, count);
}

/* What stands in the way of a component that is left out, or takes something out. */
static bool may_be_new_precondition(const struct remainder *r, size_t i)
{
	const struct precondition *p = &r->fresh->preconditions[i];

	return (p->severity != SEVERITY_INFO && !p->acknowledged) ||
	       (p->about == ABOUT_COMPONENT && stepped_has(&r->left, p->component));
}

static bool may_be_gone_step(const struct remainder *r, size_t i)
{
	const struct step *s = &r->saved->steps[i];

	if (s->component)
		return stepped_has(&r->left, s->component);
	for (size_t k = 0; s->certificate && k < r->fresh->left_out_count; k++)
		if (!r->fresh->left_out[k].component &&
		    !strcmp(r->fresh->left_out[k].certificate, s->certificate))
			return true;
	return s->kind == STEP_BACKUP || s->kind == STEP_COPY;
}

static bool any_item(const struct remainder *r, size_t i)
{
	(void)r;
	(void)i;
	return true;
}

static bool no_item(const struct remainder *r, size_t i)
{
	(void)r;
	(void)i;
	return false;
}

typedef bool item_fn(const struct remainder *r, size_t i);

/* By list: keys that count or refer to items, and items that may differ. */
static const struct part_rule {
	const char *key;
	const char *dropped[3];
	item_fn *may_be_new;
	item_fn *may_be_gone;
} part_rules[] = {
	{ "observed", { NULL }, no_item, any_item },
	{ "preconditions", { NULL }, may_be_new_precondition, any_item },
	{ "steps", { "id", "wave", "after" }, no_item, may_be_gone_step },
	{ "waves", { "wave", "processes" }, no_item, any_item },
};

static json_t *encode_part(const struct part_rule *rule, const struct member *m,
			   const struct plan *p, size_t i)
{
	json_t *item = json_encode_item(m, p, i);

	for (size_t k = 0; k < sizeof(rule->dropped) / sizeof(*rule->dropped); k++)
		if (rule->dropped[k])
			json_object_del(item, rule->dropped[k]);
	return item;
}

/* Both lists have one order, so that one pass finds each item. */
static bool is_part_list(const struct remainder *r, const struct part_rule *rule,
			 const struct member *m, struct err *e)
{
	size_t count = json_item_count(m, r->saved);
	size_t next = 0;

	for (size_t i = 0; i < json_item_count(m, r->fresh); i++) {
		if (rule->may_be_new(r, i))
			continue;

		AUTO(json) now = encode_part(rule, m, r->fresh, i);
		bool found = false;
		size_t at = next;

		for (; at < count && !found; at++) {
			AUTO(json) was = encode_part(rule, m, r->saved, at);

			found = json_equal(was, now);
			if (!found && !rule->may_be_gone(r, at))
				break;
		}
		if (!found)
			return refuse_difference(m->key, NULL, now, e);
		next = at;
	}
	for (; next < count; next++) {
		AUTO(json) was = encode_part(rule, m, r->saved, next);

		if (!rule->may_be_gone(r, next))
			return refuse_difference(m->key, was, NULL, e);
	}
	return true;
}

static const struct part_rule *part_rule(const char *key)
{
	for (size_t i = 0; i < sizeof(part_rules) / sizeof(*part_rules); i++)
		if (!strcmp(part_rules[i].key, key))
			return &part_rules[i];
	return NULL;
}

bool plan_is_part(const struct plan *saved, const struct plan *fresh, struct err *e)
{
	AUTO(arena) a = { 0 };
	const struct plan comparable = plan_saved_form(fresh, &a);
	const struct remainder r = { saved, &comparable, left_names(fresh, &a) };

	for (const struct member *m = plan_members; m->key; m++) {
		const struct part_rule *rule = part_rule(m->key);

		/* what is left out is to differ, and a summary counts what the lists have */
		if (!strcmp(m->key, "left_out") || !strcmp(m->key, "summary"))
			continue;
		if (rule ? !is_part_list(&r, rule, m, e) : !same_member(m, saved, &comparable, e))
			return false;
	}
	return true;
}
