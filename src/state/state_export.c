/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exported state:
 *
 *	format_version  1; a new key does not change it
 *	hmac_sha256     of `state` on one line, with the data key
 *	state           {fleet, lineage, serial, history_run, history, seal,
 *	                records: [{key, record}]}
 *
 * The records are those of generations, certificates and keys, sealed as they are, and
 * the carried ones.
 */
#include "base/alloc.h"
#include "base/number.h"
#include "base/text.h"
#include "base/vec.h"
#include "crypto/crypto.h"
#include "state/change.h"
#include "state/records.h"
#include "state/state_copy.h"
#include "state/state_internal.h"

#include <limits.h>
#include <string.h>

enum {
	EXPORT_VERSION = 1
};

struct exported_record {
	const char *key;
	const char *value;
};

struct exported {
	struct arena arena;
	const char *fleet;
	const char *lineage;
	int64_t serial;
	struct history_head history;
	struct seal seal;
	struct exported_record *records;
	size_t record_count;
	struct secret data_key;
};

struct export_document {
	int version;
	const char *hmac;
};

/* ---- document ---- */

static json_t *write_exported(const void *slot, size_t index)
{
	const char *value = *(const char *const *)slot;

	(void)index;
	return json_parse(value, strlen(value));
}

static bool read_exported(const json_t *value, struct arena *a, void *slot)
{
	if (!json_is_object(value))
		return false;
	*(const char **)slot = json_to_text(value, a);
	return true;
}

static const struct member exported_record_members[] = {
	TEXT_MEMBER("key", struct exported_record, key),
	CUSTOM_MEMBER("record", struct exported_record, value, write_exported, read_exported),
	{ 0 },
};

static const struct member exported_members[] = {
	TEXT_MEMBER("fleet", struct exported, fleet),
	TEXT_MEMBER("lineage", struct exported, lineage),
	NUMBER_MEMBER("serial", struct exported, serial, 0, NUMBER_LIMIT - 1),
	NUMBER_MEMBER("history_run", struct exported, history.run, 0, UINT_MAX,
		      .absent = ABSENT_OMITTED),
	FINGERPRINT_MEMBER("history", struct exported, history.sha256, .absent = ABSENT_OMITTED),
	OBJECT_MEMBER("seal", struct exported, seal, seal_members),
	LIST_MEMBER("records", struct exported, records, record_count, exported_record_members),
	{ 0 },
};

static const struct member export_version_members[] = {
	NUMBER_MEMBER("format_version", struct export_document, version, 0, INT_MAX),
	{ 0 },
};

static const struct member export_members[] = {
	NUMBER_MEMBER("format_version", struct export_document, version, 0, INT_MAX),
	FINGERPRINT_MEMBER("hmac_sha256", struct export_document, hmac),
	{ 0 },
};

/* HMAC of the document's state, in hex. */
static void export_hmac(const json_t *state, const struct secret *data_key, char out[SHA256_TEXT])
{
	static const char purpose[] = "certfleet-export-1\n";
	AUTO(arena) a = { 0 };
	const char *text = json_to_text(state, &a);
	const struct bytes pieces[] = { { purpose, sizeof(purpose) - 1 }, { text, strlen(text) } };
	uint8_t digest[SHA256_BYTES];

	hmac_sha256((struct bytes){ data_key->bytes, data_key->len }, pieces, 2, digest);
	text_hex(digest, sizeof(digest), out);
}

/* ---- writing ---- */

static bool collect_exported(struct state *s, struct exported *x, struct err *e)
{
	static const char *const prefixes[] = { GENERATION_PREFIX, CERTS_PREFIX, KEY_PREFIX };
	struct stored_record *records = NULL;
	VEC(struct exported_record) all = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		if (!s->backend->ops->list(s->backend, prefixes[i], &x->arena, &records, &count, e))
			return false;
		for (size_t k = 0; k < count; k++)
			VEC_PUSH(&all, &x->arena,
				 (struct exported_record){ records[k].key, records[k].value });
	}
	if (!state_carried(s, &x->arena, &records, &count, e))
		return false;
	for (size_t k = 0; k < count; k++)
		VEC_PUSH(&all, &x->arena,
			 (struct exported_record){ records[k].key, records[k].value });
	x->records = all.items;
	x->record_count = all.count;
	return true;
}

bool state_export(struct state *s, struct buf *out, struct err *e)
{
	AUTO(exported) x = xcalloc(1, sizeof(*x));
	struct export_document d = { .version = EXPORT_VERSION };
	char hmac[SHA256_TEXT];

	if (s->access != KEYS_SEALED)
		return err_set(
			e, ERR_INPUT,
			"the state is not sealed, so an export would show its keys; copy the state directory instead");
	x->fleet = s->meta.fleet;
	x->lineage = s->meta.lineage;
	x->serial = s->meta.serial;
	x->history = s->meta.history;
	x->seal = s->meta.seal;
	if (!collect_exported(s, x, e))
		return false;

	AUTO(json) state = json_encode(exported_members, x);

	export_hmac(state, &s->data_key, hmac);
	d.hmac = hmac;

	AUTO(json) root = json_encode(export_members, &d);

	json_object_set(root, "state", state);
	buf_printf(out, "%s\n", json_to_text(root, &x->arena));
	return true;
}

/* ---- reading ---- */

void exported_close(struct exported *x)
{
	if (!x)
		return;
	secret_release(&x->data_key);
	arena_release(&x->arena);
	free(x);
}

static bool read_export_document(const json_t *root, struct exported *x, const char **hmac,
				 struct err *e)
{
	struct export_document d = { 0 };

	if (!json_is_object(root))
		return err_set(e, ERR_INPUT, "it is not an export of a state");
	if (!json_decode(export_version_members, root, &x->arena, &d, e))
		return false;
	if (d.version != EXPORT_VERSION)
		return err_set(e, ERR_INPUT,
			       "its format version is %d, this certfleet reads %d; use a newer one",
			       d.version, EXPORT_VERSION);
	if (!json_decode(export_members, root, &x->arena, &d, e) ||
	    !json_decode(exported_members, json_object_get(root, "state"), &x->arena, x, e))
		return false;
	*hmac = d.hmac;
	return true;
}

bool exported_open(struct bytes text, const struct seal_secret *secret, struct exported **out,
		   struct copy_head *head, struct err *e)
{
	AUTO(exported) x = xcalloc(1, sizeof(*x));
	AUTO(json) root = json_parse(text.data, text.len);
	const char *hmac = NULL;
	char due[SHA256_TEXT];

	if (!read_export_document(root, x, &hmac, e) ||
	    !seal_unwrap(&x->seal, x->lineage, secret, &x->data_key, e)) {
		e->code = ERR_INPUT;
		return false;
	}
	export_hmac(json_object_get(root, "state"), &x->data_key, due);
	if (!bytes_equal(hmac, due, sizeof(due)))
		return err_set(e, ERR_INPUT, "damaged or forged: it does not fit its HMAC");
	*head = (struct copy_head){
		.fleet = x->fleet, .lineage = x->lineage, .serial = x->serial, .history = x->history
	};
	*out = TAKE(x);
	return true;
}

static bool change_exported_key(struct change *c, const struct exported *x,
				const struct stored_record *r, struct err *e)
{
	const struct key_place place = { .lineage = x->lineage,
					 .spki = r->key + strlen(KEY_PREFIX),
					 .data_key = &x->data_key };
	AUTO(secret) pkcs8 = { 0 };

	return key_decode(&place, r, &pkcs8, e) && change_key(c, place.spki, &pkcs8, e);
}

static bool change_exported_record(struct change *c, const struct exported *x,
				   const struct stored_record *r, struct err *e)
{
	struct generation g = { 0 };
	struct cert_set set = { 0 };

	if (record_is(r, KEY_PREFIX))
		return change_exported_key(c, x, r, e);
	if (record_is(r, GENERATION_PREFIX)) {
		if (!generation_read(r, &c->arena, &g, e))
			return false;
		change_generation(c, &g, NULL);
		return true;
	}
	if (record_is(r, CERTS_PREFIX)) {
		if (!certificates_read(r, &c->arena, &set, e))
			return false;
		change_put(c, r->key, r->value);
		return true;
	}
	return change_copied(c, r, e);
}

bool change_exported(struct change *c, const struct exported *x, struct err *e)
{
	for (size_t i = 0; i < x->record_count; i++) {
		const struct stored_record r = { .key = x->records[i].key,
						 .value = x->records[i].value };

		if (!change_exported_record(c, x, &r, e)) {
			e->code = ERR_INPUT;
			return false;
		}
	}
	return true;
}
