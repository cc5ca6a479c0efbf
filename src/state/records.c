/* SPDX-License-Identifier: Apache-2.0 */
#include "state/records.h"

#include "base/buf.h"
#include "base/text.h"
#include "state/state.h"

#include <limits.h>
#include <string.h>

static const char *const of_names[] = {
	[OF_CERTIFICATE] = "certificate",
	[OF_ISSUER] = "issuer",
	NULL,
};
static const struct member generation_members[] = {
	CHOICE_MEMBER("of", struct generation, of, of_names),
	TEXT_MEMBER("owner", struct generation, owner),
	NUMBER_MEMBER("number", struct generation, number, 0, UINT_MAX),
	FLAG_MEMBER("pending", struct generation, pending),
	CHOICE_MEMBER("source", struct generation, source, source_names),
	TEXT_MEMBER("fingerprint", struct generation, fingerprint),
	TEXT_MEMBER("spki", struct generation, spki),
	TEXT_MEMBER("chain", struct generation, chain),
	TEXT_MEMBER("serial", struct generation, serial),
	TEXT_MEMBER("subject", struct generation, subject),
	TEXT_MEMBER("issuer", struct generation, issuer),
	TEXT_MEMBER("authority", struct generation, authority),
	TEXT_MEMBER("key", struct generation, key),
	TEXT_MEMBER("request", struct generation, request),
	TEXT_MEMBER("file", struct generation, file, .absent = ABSENT_OMITTED),
	FLAG_MEMBER("reissued", struct generation, reissued, .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("held_until", struct generation, held_until, INT64_MIN, INT64_MAX,
		      .absent = ABSENT_OMITTED),
	TEXT_MEMBER("held_request", struct generation, held_request, .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("not_before", struct generation, not_before, INT64_MIN, INT64_MAX),
	NUMBER_MEMBER("not_after", struct generation, not_after, INT64_MIN, INT64_MAX),
	TEXT_MEMBER("bundle", struct generation, bundle, .absent = ABSENT_OMITTED),
	{ 0 },
};

static const struct member component_members[] = {
	TEXT_MEMBER("name", struct component_seen, name),
	TEXT_MEMBER("certificate", struct component_seen, certificate, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("activation_due", struct component_seen, activation_due,
		    .absent = ABSENT_OMITTED),
	TEXTS_MEMBER("rejected", struct component_seen, rejected, rejected_count),
	TEXT_MEMBER("replaced", struct component_seen, replaced, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("handed_over", struct component_seen, handed_over, .absent = ABSENT_OMITTED),
	CHOICE_MEMBER("rollback", struct component_seen, rollback, rollback_state_names,
		      .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("reverted_at", struct component_seen, reverted_at, INT64_MIN, INT64_MAX,
		      .absent = ABSENT_OMITTED),
	TEXT_MEMBER("reverted_to", struct component_seen, reverted_to, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("last_error", struct component_seen, last_error, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("staged", struct component_seen, now.staged, .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("ordered", struct component_seen, ordered, INT64_MIN, INT64_MAX,
		      .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("deferred_at", struct component_seen, deferred_at, INT64_MIN, INT64_MAX,
		      .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("order_given", struct component_seen, order_given, INT64_MIN, INT64_MAX,
		      .absent = ABSENT_OMITTED),
	FLAG_MEMBER("retire_remove", struct component_seen, retire_remove),
	FLAG_MEMBER("restored", struct component_seen, restored, .absent = ABSENT_OMITTED),
	FLAG_MEMBER("limited", struct component_seen, limited, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("deliver", struct component_seen, deliver, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("proven", struct component_seen, proven, .absent = ABSENT_OMITTED),
	TEXTS_MEMBER("acknowledged", struct component_seen, acknowledged, acknowledged_count,
		     .absent = ABSENT_OMITTED),
	{ 0 },
};

static const struct member observation_members[] = {
	TEXT_MEMBER("name", struct component_seen, name),
	FLAG_MEMBER("online", struct component_seen, now.online),
	TEXT_MEMBER("version", struct component_seen, now.version, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("installed", struct component_seen, now.installed, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("chain", struct component_seen, now.chain, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("damage", struct component_seen, now.damage, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("attr_flaw", struct component_seen, now.attr_flaw, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("served", struct component_seen, now.served, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("served_flaw", struct component_seen, now.served_flaw,
		    .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("served_not_after", struct component_seen, now.served_not_after, INT64_MIN,
		      INT64_MAX),
	CHOICE_MEMBER("evidence", struct component_seen, now.evidence, evidence_names),
	TEXT_MEMBER("error", struct component_seen, now.error, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("unwritable", struct component_seen, now.unwritable, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("unverifiable", struct component_seen, now.unverifiable,
		    .absent = ABSENT_OMITTED),
	TEXT_MEMBER("plain", struct component_seen, now.plain, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("activation", struct component_seen, now.activation, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("doubt", struct component_seen, now.doubt, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("untrusted", struct component_seen, now.untrusted, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("denied", struct component_seen, now.denied, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("not_running", struct component_seen, now.not_running,
		    .absent = ABSENT_OMITTED),
	TEXT_MEMBER("executable", struct component_seen, now.executable, .absent = ABSENT_OMITTED),
	CHOICE_MEMBER("link", struct component_seen, now.link, appmon_link_names,
		      .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("started", struct component_seen, now.started, INT64_MIN, INT64_MAX,
		      .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("observed_at", struct component_seen, now.observed_at, INT64_MIN, INT64_MAX),
	{ 0 },
};

/* ---- keys ---- */

const char *record_key(struct arena *a, const char *prefix, const char *name)
{
	AUTO(buf) key = { 0 };

	buf_puts(&key, prefix);
	text_percent(&key, name);
	return arena_strdup(a, buf_text(&key));
}

const char *generations_prefix(struct arena *a, enum generation_of of, const char *owner)
{
	const char *prefix = of == OF_ISSUER ? GENERATION_PREFIX "i/" : GENERATION_PREFIX "c/";

	return arena_printf(a, "%s/", record_key(a, prefix, owner));
}

const char *generation_key(struct arena *a, const struct generation *g)
{
	return arena_printf(a, "%s%06u", generations_prefix(a, g->of, g->owner), g->number);
}

const char *certificates_key(struct arena *a, const struct generation *g)
{
	return arena_printf(a, CERTS_PREFIX "%s", generation_key(a, g) + strlen(GENERATION_PREFIX));
}

/* ---- any record ---- */

bool record_is(const struct stored_record *r, const char *prefix)
{
	return strncmp(r->key, prefix, strlen(prefix)) == 0;
}

bool record_damaged(const struct stored_record *r, const char *why, struct err *e)
{
	AUTO(arena) a = { 0 };

	return err_set(e, ERR_IO, "record '%s' is damaged: %s; " STATE_REMEDY,
		       text_escaped(&a, r->key), why);
}

bool record_parse(const struct stored_record *r, json_t **out, struct err *e)
{
	AUTO(json) json = json_parse(r->value, strlen(r->value));

	if (!json_is_object(json))
		return record_damaged(r, "it is not a JSON object", e);
	*out = TAKE(json);
	return true;
}

bool record_decode(const struct stored_record *r, const struct member *fields, struct arena *a,
		   void *thing, struct err *e)
{
	AUTO(json) json = NULL;
	struct err why = { 0 };

	if (!record_parse(r, &json, e))
		return false;
	if (!json_decode(fields, json, a, thing, &why))
		return record_damaged(r, why.text, e);
	return true;
}

const char *record_encode(const struct member *fields, const void *thing, struct arena *a)
{
	AUTO(json) json = json_encode(fields, thing);

	return json_to_text(json, a);
}

static bool records_check_key(const struct stored_record *r, const char *key, struct err *e)
{
	if (strcmp(r->key, key) != 0)
		return record_damaged(r, "its content belongs to another record", e);
	return true;
}

/* ---- generations ---- */

const char *generation_encode(const struct generation *g, struct arena *a)
{
	return record_encode(generation_members, g, a);
}

bool generation_decode(const char *json, struct arena *a, struct generation *out, struct err *e)
{
	const struct stored_record r = { .key = GENERATION_PREFIX, .value = json };
	struct generation g = { 0 };

	if (!record_decode(&r, generation_members, a, &g, e))
		return false;
	*out = g;
	return true;
}

bool generation_read(const struct stored_record *r, struct arena *a, struct generation *out,
		     struct err *e)
{
	AUTO(arena) own = { 0 };
	struct generation g = { 0 };

	if (!record_decode(r, generation_members, a, &g, e) ||
	    !records_check_key(r, generation_key(&own, &g), e))
		return false;
	*out = g;
	return true;
}

/* ---- certificates ---- */

static const struct member stored_cert_item[] = {
	BYTES_MEMBER("", struct der, bytes, len, .most = CERTIFICATE_LIMIT),
	{ 0 },
};

static const struct member cert_set_members[] = {
	LIST_MEMBER("certs", struct cert_set, certs, count, stored_cert_item, .most = CHAIN_LIMIT),
	BYTES_MEMBER("anchor", struct cert_set, anchor.bytes, anchor.len,
		     .most = CERTIFICATE_LIMIT),
	{ 0 },
};

const char *certificates_encode(const struct cert_set *set, struct arena *a)
{
	return record_encode(cert_set_members, set, a);
}

bool certificates_read(const struct stored_record *r, struct arena *a, struct cert_set *out,
		       struct err *e)
{
	struct cert_set set = { 0 };

	if (!record_decode(r, cert_set_members, a, &set, e))
		return false;
	*out = set;
	return true;
}

/* ---- components ---- */

const char *component_encode(const struct component_seen *c, struct arena *a)
{
	return record_encode(component_members, c, a);
}

bool component_read(const struct stored_record *r, struct arena *a, struct component_seen *out,
		    struct err *e)
{
	AUTO(arena) own = { 0 };

	if (!record_decode(r, component_members, a, out, e) ||
	    !records_check_key(r, record_key(&own, COMPONENT_PREFIX, out->name), e))
		return false;
	out->known = true;
	return true;
}

const char *observation_encode(const struct component_seen *c, struct arena *a)
{
	return record_encode(observation_members, c, a);
}

bool observation_read(const struct stored_record *r, struct arena *a, struct component_seen *out,
		      struct err *e)
{
	AUTO(arena) own = { 0 };

	return record_decode(r, observation_members, a, out, e) &&
	       records_check_key(r, record_key(&own, OBSERVATION_PREFIX, out->name), e);
}
