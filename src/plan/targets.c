/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/builder.h"

#include <stdlib.h>
#include <string.h>

static const char *const prefixes[] = {
	[TARGET_COMPONENT] = "",
	[TARGET_ROLE] = "role:",
	[TARGET_CERTIFICATE] = "certificate:",
	[TARGET_ISSUER] = "issuer:",
};
_Static_assert(sizeof(prefixes) / sizeof(*prefixes) == TARGET_KIND_COUNT,
	       "every kind of target needs its prefix");

bool target_parse(const char *text, struct plan_target *out, struct err *e)
{
	*out = (struct plan_target){ .kind = TARGET_COMPONENT, .name = text };
	for (enum target_kind kind = TARGET_ROLE; kind < TARGET_KIND_COUNT; kind++) {
		size_t len = strlen(prefixes[kind]);

		if (strncmp(text, prefixes[kind], len) == 0)
			*out = (struct plan_target){ .kind = kind, .name = text + len };
	}
	return *out->name || out->kind == TARGET_COMPONENT ||
	       err_set(e, ERR_USAGE, "nothing follows '%s'", text);
}

const char *target_text(struct arena *a, const struct plan_target *t)
{
	return arena_printf(a, "%s%s", prefixes[t->kind], t->name);
}

/* Search key: the first `len` bytes of a name, such as its group. */
struct key {
	enum target_kind kind;
	const char *name;
	size_t len;
};

static int compare_key(const void *key, const void *target)
{
	const struct key *k = key;
	const struct plan_target *t = target;

	if (k->kind != t->kind)
		return k->kind < t->kind ? -1 : 1;

	int order = strncmp(k->name, t->name, k->len);

	if (order)
		return order;
	return t->name[k->len] ? -1 : 0;
}

static int targets_compare(const void *left, const void *right)
{
	const struct plan_target *l = left;
	const struct key key = { l->kind, l->name, strlen(l->name) };

	return compare_key(&key, right);
}

void targets_sort(struct targets *ts)
{
	size_t unique = 0;

	if (!ts->count)
		return;
	qsort(ts->list, ts->count, sizeof(*ts->list), targets_compare);
	for (size_t i = 1; i < ts->count; i++)
		if (targets_compare(&ts->list[unique], &ts->list[i]) != 0)
			ts->list[++unique] = ts->list[i];
	ts->count = unique + 1;
}

static bool has(struct targets *ts, enum target_kind kind, const char *name, size_t len)
{
	const struct key key = { kind, name, len };
	struct plan_target *t = bsearch(&key, ts->list, ts->count, sizeof(*ts->list), compare_key);

	if (t)
		t->used = true;
	return t;
}

/* Whether a target has the whole name, or its group (the part before '/'). */
static bool targets_has_name(struct targets *ts, enum target_kind kind, const char *name)
{
	if (!name)
		return false;

	size_t group = strcspn(name, "/");
	bool by_group = name[group] && has(ts, kind, name, group);

	return has(ts, kind, name, strlen(name)) || by_group;
}

bool targets_cover(struct targets *ts, const struct subject *s)
{
	if (!ts->count)
		return false;

	bool by_component = targets_has_name(ts, TARGET_COMPONENT, s->component);
	bool by_role = s->role && has(ts, TARGET_ROLE, s->role, strlen(s->role));
	bool by_certificate = targets_has_name(ts, TARGET_CERTIFICATE, s->certificate);
	bool by_issuer = s->issuer && has(ts, TARGET_ISSUER, s->issuer, strlen(s->issuer));

	return by_component || by_role || by_certificate || by_issuer;
}

const struct plan_target *targets_unused(const struct targets *ts)
{
	for (size_t i = 0; i < ts->count; i++)
		if (!ts->list[i].used)
			return &ts->list[i];
	return NULL;
}
