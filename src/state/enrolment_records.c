/* SPDX-License-Identifier: Apache-2.0 */
#include "state/enrolment_records.h"

#include "state/change.h"
#include "state/records.h"
#include "state/state_internal.h"

#include <limits.h>
#include <string.h>

static const struct member invite_members[] = {
	TEXT_MEMBER("id", struct invite, id),
	TEXT_MEMBER("agent", struct invite, agent),
	TEXT_MEMBER("issuer", struct invite, issuer),
	TEXT_MEMBER("token", struct invite, token),
	TEXTS_MEMBER("names", struct invite, names, name_count),
	NUMBER_MEMBER("validity", struct invite, validity, INT64_MIN, INT64_MAX),
	NUMBER_MEMBER("expires", struct invite, expires, INT64_MIN, INT64_MAX),
	NUMBER_MEMBER("failures", struct invite, failures, 0, UINT_MAX),
	{ 0 },
};

static const struct member enrolled_members[] = {
	TEXT_MEMBER("agent", struct enrolled, agent),
	NUMBER_MEMBER("number", struct enrolled, number, 0, UINT_MAX),
	TEXT_MEMBER("issuer", struct enrolled, issuer),
	TEXT_MEMBER("authority", struct enrolled, authority),
	TEXT_MEMBER("serial", struct enrolled, serial),
	TEXT_MEMBER("fingerprint", struct enrolled, fingerprint),
	TEXT_MEMBER("spki", struct enrolled, spki),
	TEXTS_MEMBER("names", struct enrolled, names, name_count),
	NUMBER_MEMBER("not_before", struct enrolled, not_before, INT64_MIN, INT64_MAX),
	NUMBER_MEMBER("not_after", struct enrolled, not_after, INT64_MIN, INT64_MAX),
	{ 0 },
};

static const char *enrolled_key(struct arena *a, const struct enrolled *agent)
{
	return arena_printf(a, "%s/%06u", record_key(a, AGENT_PREFIX, agent->agent), agent->number);
}

static bool enrolment_records_read_invite(const struct stored_record *r, struct arena *a,
					  struct invite *out, struct err *e)
{
	AUTO(arena) own = { 0 };
	struct invite i = { 0 };

	if (!record_decode(r, invite_members, a, &i, e))
		return false;
	if (strcmp(record_key(&own, INVITE_PREFIX, i.id), r->key) != 0)
		return record_damaged(r, "its content belongs to another record", e);
	*out = i;
	return true;
}

bool state_invite(struct state *s, const char *id, struct arena *a, struct invite *out,
		  struct err *e)
{
	AUTO(arena) own = { 0 };
	struct stored_record r = { 0 };

	return s->backend->ops->get(s->backend, record_key(&own, INVITE_PREFIX, id), &own, &r, e) &&
	       enrolment_records_read_invite(&r, a, out, e);
}

bool state_invites(struct state *s, struct arena *a, const struct invite **out, size_t *count,
		   struct err *e)
{
	AUTO(arena) own = { 0 };
	struct stored_record *records = NULL;
	size_t found = 0;

	if (!s->backend->ops->list(s->backend, INVITE_PREFIX, &own, &records, &found, e))
		return false;

	struct invite *all = arena_array(a, found, sizeof(*all));

	for (size_t i = 0; i < found; i++)
		if (!enrolment_records_read_invite(&records[i], a, &all[i], e))
			return false;
	*out = all;
	*count = found;
	return true;
}

void change_invite(struct change *c, const struct invite *i)
{
	struct arena *a = &c->arena;

	change_put(c, record_key(a, INVITE_PREFIX, i->id), record_encode(invite_members, i, a));
}

void change_forget_invite(struct change *c, const char *id)
{
	change_put(c, record_key(&c->arena, INVITE_PREFIX, id), NULL);
}

bool enrolled_read(const struct stored_record *r, struct arena *a, struct enrolled *out,
		   struct err *e)
{
	AUTO(arena) own = { 0 };
	struct enrolled agent = { 0 };

	if (!record_decode(r, enrolled_members, a, &agent, e))
		return false;
	if (strcmp(enrolled_key(&own, &agent), r->key) != 0)
		return record_damaged(r, "its content belongs to another record", e);
	*out = agent;
	return true;
}

bool state_enrolled(struct state *s, struct arena *a, const struct enrolled **out, size_t *count,
		    struct err *e)
{
	AUTO(arena) own = { 0 };
	struct stored_record *records = NULL;
	size_t found = 0;

	if (!s->backend->ops->list(s->backend, AGENT_PREFIX, &own, &records, &found, e))
		return false;

	struct enrolled *all = arena_array(a, found, sizeof(*all));

	for (size_t i = 0; i < found; i++)
		if (!enrolled_read(&records[i], a, &all[i], e))
			return false;
	*out = all;
	*count = found;
	return true;
}

void change_enrolled(struct change *c, const struct enrolled *agent)
{
	struct arena *a = &c->arena;

	change_put(c, enrolled_key(a, agent), record_encode(enrolled_members, agent, a));
}

void change_forget_enrolled(struct change *c, const struct enrolled *agent)
{
	change_put(c, enrolled_key(&c->arena, agent), NULL);
}

bool invite_check(const struct stored_record *r, struct arena *a, struct err *e)
{
	struct invite ignored = { 0 };

	return enrolment_records_read_invite(r, a, &ignored, e);
}

bool enrolled_check(const struct stored_record *r, struct arena *a, struct err *e)
{
	struct enrolled ignored = { 0 };

	return enrolled_read(r, a, &ignored, e);
}
