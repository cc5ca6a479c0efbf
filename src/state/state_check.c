/* SPDX-License-Identifier: Apache-2.0 */
/* Check of a state's records and of their references to each other. */
#include "base/text.h"
#include "state/records.h"
#include "state/state_internal.h"

#include <stdlib.h>
#include <string.h>

static bool check_generation(const struct stored_record *r, struct arena *a, struct err *e)
{
	struct generation ignored = { 0 };

	return generation_read(r, a, &ignored, e);
}

static bool check_certificates(const struct stored_record *r, struct arena *a, struct err *e)
{
	struct cert_set ignored = { 0 };

	return certificates_read(r, a, &ignored, e);
}

static bool check_component(const struct stored_record *r, struct arena *a, struct err *e)
{
	struct component_seen ignored = { 0 };

	return component_read(r, a, &ignored, e);
}

static bool check_observation(const struct stored_record *r, struct arena *a, struct err *e)
{
	struct component_seen ignored = { 0 };

	return observation_read(r, a, &ignored, e);
}

/* The value is checked when it is opened, or was when the state was. */
static bool check_name_only(const struct stored_record *r, struct arena *a, struct err *e)
{
	(void)r;
	(void)a;
	(void)e;
	return true;
}

static const struct {
	const char *prefix;
	record_check_fn *check;
} record_kinds[] = {
	{ META_KEY, check_name_only },
	{ GENERATION_PREFIX, check_generation },
	{ CERTS_PREFIX, check_certificates },
	{ KEY_PREFIX, check_name_only },
	{ COMPONENT_PREFIX, check_component },
	{ OBSERVATION_PREFIX, check_observation },
	{ CONTACT_PREFIX, contact_check },
	{ ACCEPTED_KEY, accepted_check },
	{ APPROVALS_KEY, approval_rules_check },
	{ RUN_PREFIX, run_check },
	{ STEP_PREFIX, step_check },
	{ PLAN_PREFIX, plan_check },
	{ INVITE_PREFIX, invite_check },
	{ AGENT_PREFIX, enrolled_check },
	{ BUNDLE_PREFIX, bundle_check },
	{ COPIED_KEY, copied_check },
	{ WRITTEN_PREFIX, written_check },
};

static bool check_any_record(const struct stored_record *r, struct arena *a, struct err *e)
{
	for (size_t i = 0; i < sizeof(record_kinds) / sizeof(*record_kinds); i++)
		if (record_is(r, record_kinds[i].prefix))
			return record_kinds[i].check(r, a, e);
	return record_damaged(r, "no record of certfleet has such a name", e);
}

/* ---- references ---- */

/* All records, sorted by key. */
struct record_list {
	const struct stored_record *items;
	size_t count;
};

static int compare_keys(const void *x, const void *y)
{
	const struct stored_record *a = x;
	const struct stored_record *b = y;

	return strcmp(a->key, b->key);
}

static bool has_record(const struct record_list *all, const char *key)
{
	const struct stored_record wanted = { .key = key };

	return bsearch(&wanted, all->items, all->count, sizeof(wanted), compare_keys) != NULL;
}

static bool missing_record(const struct stored_record *r, const char *what, const char *key,
			   struct err *e)
{
	AUTO(arena) a = { 0 };

	return record_damaged(
		r, arena_printf(&a, "%s '%s' is missing", what, text_escaped(&a, key)), e);
}

/* What a generation needs: its key, and its certificates once it is issued. */
static bool check_needs(const struct record_list *all, const struct stored_record *r, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct generation g = { 0 };
	struct err damaged = { 0 };

	if (!generation_read(r, &a, &g, &damaged))
		return true; /* reported already */
	if (!has_record(all, record_key(&a, KEY_PREFIX, g.spki)))
		return missing_record(r, "its key", record_key(&a, KEY_PREFIX, g.spki), e);
	return g.pending || has_record(all, certificates_key(&a, &g)) ||
	       missing_record(r, "its record", certificates_key(&a, &g), e);
}

/* "step/RUN/N" and "plan/RUN/N" belong to "run/RUN", "certs/X" to "generation/X". */
static bool check_owner(const struct record_list *all, const struct stored_record *r, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *rest = strchr(r->key, '/');
	const char *owner = NULL;

	if (record_is(r, CERTS_PREFIX))
		owner = arena_printf(&a, GENERATION_PREFIX "%s", rest + 1);
	else if (record_is(r, STEP_PREFIX) || record_is(r, PLAN_PREFIX))
		owner = arena_printf(&a, RUN_PREFIX "%.*s", (int)strcspn(rest + 1, "/"), rest + 1);
	return !owner || has_record(all, owner) ||
	       missing_record(r, "the record it belongs to,", owner, e);
}

static bool check_references(const struct record_list *all, const struct stored_record *r,
			     struct err *e)
{
	if (record_is(r, GENERATION_PREFIX))
		return check_needs(all, r, e);
	return check_owner(all, r, e);
}

/* ---- the whole state ---- */

void flaw_add(struct flaw_list *out, const struct err *e)
{
	VEC_PUSH(&out->lines, out->arena, arena_strdup(out->arena, e->text));
}

bool state_check_all(struct state *s, struct flaw_list *out, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct stored_record *records = NULL;
	struct err flaw = { 0 };
	size_t count = 0;

	if (!s->backend->ops->check(s->backend, &flaw)) {
		if (flaw.code == ERR_STOPPED) {
			*e = flaw;
			return false;
		}
		flaw_add(out, &flaw);
	}
	if (!s->backend->ops->list(s->backend, "", &a, &records, &count, e))
		return false;

	const struct record_list all = { records, count };

	for (size_t i = 0; i < count; i++) {
		AUTO(arena) own = { 0 };
		struct err why = { 0 };

		if (!check_any_record(&records[i], &own, &why) ||
		    !check_references(&all, &records[i], &why))
			flaw_add(out, &why);
		/* an unsealed key */
		wipe((char *)records[i].value, strlen(records[i].value));
	}
	out->records = count;
	return true;
}
