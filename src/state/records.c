/* SPDX-License-Identifier: Apache-2.0 */
#include "state/records.h"

#include "base/buf.h"
#include "base/text.h"

#include <string.h>

static const char *const of_names[] = {
	[OF_CERTIFICATE] = "certificate",
	[OF_ISSUER] = "issuer",
	NULL,
};
static const struct record_field generation_fields[] = {
	ENUM_FIELD(struct generation, of, of_names),
	TEXT_FIELD(struct generation, owner),
	UNSIGNED_FIELD(struct generation, number),
	BOOL_FIELD(struct generation, pending),
	ENUM_FIELD(struct generation, source, source_names),
	TEXT_FIELD(struct generation, fingerprint),
	TEXT_FIELD(struct generation, spki),
	TEXT_FIELD(struct generation, chain),
	TEXT_FIELD(struct generation, serial),
	TEXT_FIELD(struct generation, subject),
	TEXT_FIELD(struct generation, issuer),
	TEXT_FIELD(struct generation, authority),
	TEXT_FIELD(struct generation, key),
	TEXT_FIELD(struct generation, request),
	MAYBE_FIELD(struct generation, file),
	INT64_FIELD(struct generation, not_before),
	INT64_FIELD(struct generation, not_after),
	MAYBE_FIELD(struct generation, bundle),
	{ 0 },
};

static const struct record_field component_fields[] = {
	TEXT_FIELD(struct component_seen, name),
	MAYBE_FIELD(struct component_seen, certificate),
	MAYBE_FIELD(struct component_seen, activation_due),
	LIST_FIELD(struct component_seen, rejected, rejected_count),
	MAYBE_FIELD(struct component_seen, rolled_back_to),
	MAYBE_FIELD(struct component_seen, last_error),
	MAYBE_FIELD(struct component_seen, staged),
	MAYBE_INT64_FIELD(struct component_seen, deferred_at),
	MAYBE_INT64_FIELD(struct component_seen, order_given),
	BOOL_FIELD(struct component_seen, retire_remove),
	MAYBE_FIELD(struct component_seen, deliver),
	MAYBE_FIELD(struct component_seen, proven),
	{ 0 },
};

static const struct record_field observation_fields[] = {
	TEXT_FIELD(struct component_seen, name),
	BOOL_FIELD(struct component_seen, online),
	MAYBE_FIELD(struct component_seen, version),
	MAYBE_FIELD(struct component_seen, installed),
	MAYBE_FIELD(struct component_seen, chain),
	MAYBE_FIELD(struct component_seen, damage),
	MAYBE_FIELD(struct component_seen, attr_flaw),
	MAYBE_FIELD(struct component_seen, served),
	MAYBE_FIELD(struct component_seen, served_flaw),
	INT64_FIELD(struct component_seen, served_not_after),
	ENUM_FIELD(struct component_seen, evidence, evidence_names),
	MAYBE_FIELD(struct component_seen, error),
	MAYBE_FIELD(struct component_seen, unwritable),
	MAYBE_FIELD(struct component_seen, activation),
	MAYBE_FIELD(struct component_seen, doubt),
	MAYBE_FIELD(struct component_seen, untrusted),
	MAYBE_FIELD(struct component_seen, executable),
	INT64_FIELD(struct component_seen, observed_at),
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

static const char *owner_letter(enum generation_of of)
{
	return of == OF_ISSUER ? "i/" : "c/";
}

const char *generations_prefix(struct arena *a, enum generation_of of, const char *owner)
{
	return arena_printf(
		a, "%s/",
		record_key(a, arena_printf(a, GENERATION_PREFIX "%s", owner_letter(of)), owner));
}

const char *generation_key(struct arena *a, const struct generation *g)
{
	return arena_printf(a, "%s%06u", generations_prefix(a, g->of, g->owner), g->number);
}

const char *certificates_key(struct arena *a, const struct generation *g)
{
	return arena_printf(a, "certs/%s", generation_key(a, g) + strlen(GENERATION_PREFIX));
}

/* ---- any record ---- */

bool record_is(const struct stored_record *r, const char *prefix)
{
	return strncmp(r->key, prefix, strlen(prefix)) == 0;
}

bool record_damaged(const struct stored_record *r, const char *why, struct err *e)
{
	AUTO(arena) a = { 0 };

	return err_set(
		e, ERR_IO,
		"record '%s' is damaged: %s; restore the state from a backup with 'certfleet backup restore BUNDLE'",
		text_escaped(&a, r->key), why);
}

bool record_parse(const struct stored_record *r, json_t **out, struct err *e)
{
	AUTO(json) json = json_loads(r->value, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(json))
		return record_damaged(r, "it is no JSON object", e);
	*out = TAKE(json);
	return true;
}

bool record_decode(const struct stored_record *r, const struct record_field *fields,
		   struct arena *a, void *thing, struct err *e)
{
	AUTO(json) json = NULL;
	struct err why = { 0 };

	if (!record_parse(r, &json, e))
		return false;
	if (!fields_decode(fields, json, a, thing, &why))
		return record_damaged(r, why.text, e);
	return true;
}

const char *record_encode(const struct record_field *fields, const void *thing, struct arena *a)
{
	AUTO(json) json = fields_encode(fields, thing);

	return json_to_text(json, a);
}

static bool records_check_key(const struct stored_record *r, const char *key, struct err *e)
{
	if (strcmp(r->key, key) != 0)
		return record_damaged(r, "it belongs under another key", e);
	return true;
}

/* ---- generations ---- */

const char *generation_encode(const struct generation *g, struct arena *a)
{
	return record_encode(generation_fields, g, a);
}

bool generation_read(const struct stored_record *r, struct arena *a, struct generation *out,
		     struct err *e)
{
	AUTO(arena) own = { 0 };
	struct generation g = { 0 };

	if (!record_decode(r, generation_fields, a, &g, e) ||
	    !records_check_key(r, generation_key(&own, &g), e))
		return false;
	*out = g;
	return true;
}

/* ---- certificates ---- */

static json_t *der_to_json(const struct der *der)
{
	AUTO(buf) text = { 0 };

	text_base64(&text, der->bytes, der->len);
	return json_string(buf_text(&text));
}

const char *certificates_encode(const struct cert_set *set, struct arena *a)
{
	AUTO(json) object = json_object();
	json_t *certs = json_array();

	for (size_t i = 0; i < set->count; i++)
		json_array_append_new(certs, der_to_json(&set->certs[i]));
	json_object_set_new(object, "certs", certs);
	json_object_set_new(object, "anchor", der_to_json(&set->anchor));
	return json_to_text(object, a);
}

static bool json_to_der(const json_t *json, struct arena *a, struct der *out)
{
	size_t len = json_string_length(json);

	if (!json_is_string(json) || len > 2 * CERTIFICATE_LIMIT)
		return false;

	unsigned char *bytes = arena_alloc(a, text_unbase64_room(len));

	out->bytes = bytes;
	return text_unbase64(json_string_value(json), len, bytes, &out->len);
}

bool certificates_read(const struct stored_record *r, struct arena *a, struct cert_set *out,
		       struct err *e)
{
	AUTO(json) json = NULL;
	struct cert_set set = { 0 };

	if (!record_parse(r, &json, e))
		return false;

	const json_t *list = json_object_get(json, "certs");

	set.count = json_array_size(list);
	if (!json_is_array(list) || set.count > CHAIN_LIMIT)
		return record_damaged(r, "'certs' is missing or wrong", e);

	struct der *certs = arena_array(a, set.count, sizeof(*certs));

	set.certs = certs;
	for (size_t i = 0; i < set.count; i++)
		if (!json_to_der(json_array_get(list, i), a, &certs[i]))
			return record_damaged(r, "'certs' is wrong", e);
	if (!json_to_der(json_object_get(json, "anchor"), a, &set.anchor))
		return record_damaged(r, "'anchor' is missing or wrong", e);
	*out = set;
	return true;
}

/* ---- components ---- */

const char *component_encode(const struct component_seen *c, struct arena *a)
{
	return record_encode(component_fields, c, a);
}

bool component_read(const struct stored_record *r, struct arena *a, struct component_seen *out,
		    struct err *e)
{
	AUTO(arena) own = { 0 };

	if (!record_decode(r, component_fields, a, out, e) ||
	    !records_check_key(r, record_key(&own, COMPONENT_PREFIX, out->name), e))
		return false;
	out->known = true;
	return true;
}

const char *observation_encode(const struct component_seen *c, struct arena *a)
{
	return record_encode(observation_fields, c, a);
}

bool observation_read(const struct stored_record *r, struct arena *a, struct component_seen *out,
		      struct err *e)
{
	AUTO(arena) own = { 0 };

	return record_decode(r, observation_fields, a, out, e) &&
	       records_check_key(r, record_key(&own, OBSERVATION_PREFIX, out->name), e);
}
