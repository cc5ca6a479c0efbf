/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/vec.h"
#include "state/records.h"
#include "state/state_internal.h"

#include <assert.h>
#include <string.h>

void state_close(struct state *s)
{
	if (!s)
		return;
	if (s->backend)
		s->backend->ops->close(s->backend);
	secret_release(&s->data_key);
	arena_release(&s->arena);
	free(s);
}

const char *state_lineage(const struct state *s)
{
	return s->meta.lineage;
}

int64_t state_serial(const struct state *s)
{
	return s->meta.serial;
}

struct history_head state_history(const struct state *s)
{
	return s->meta.history;
}

const struct state_origin *state_origin(const struct state *s)
{
	return s->meta.origin.copy && s->meta.origin.who ? &s->meta.origin : NULL;
}

bool state_is_sealed(const struct state *s)
{
	return s->meta.seal.kdf != NULL;
}

/* ---- the meta record ---- */

bool state_write(struct state *s, struct transaction *t, const struct meta *next, struct err *e)
{
	AUTO(arena) a = { 0 };
	const struct record_compare unchanged = { META_KEY, s->meta_revision };
	struct record_write *writes = arena_array(&a, t->write_count + 1, sizeof(*writes));
	struct transaction whole = {
		.compares = &unchanged,
		.compare_count = 1,
		.writes = writes,
		.write_count = t->write_count + 1,
		.forget = t->forget,
	};

	if (t->write_count)
		memcpy(writes, t->writes, t->write_count * sizeof(*writes));
	writes[t->write_count] = (struct record_write){ META_KEY, meta_encode(next, &a) };
	if (!s->backend->ops->transact(s->backend, &whole, &s->meta_revision, e))
		return false;
	s->meta = *next;
	return true;
}

static bool make_meta(struct state *s, const struct state_options *o, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct transaction nothing_else = { 0 };
	struct stored_record *records = NULL;
	size_t count = 0;

	/* A state without meta record must be empty: its creation was interrupted. */
	if (!s->backend->ops->list(s->backend, "", &a, &records, &count, e))
		return false;
	if (count > 0)
		return record_damaged(&(struct stored_record){ .key = META_KEY }, "it is missing",
				      e);
	if (!o->create)
		return err_set(e, ERR_MISSING, "there is no state in '%s'", o->path);

	struct meta fresh = meta_new(o->fleet, &s->arena);

	if (o->lineage) {
		fresh.lineage = arena_strdup(&s->arena, o->lineage);
		fresh.serial = o->serial;
		fresh.runs = o->history.run;
		fresh.origin = (struct state_origin){
			.run = o->history.run,
			.copy = o->origin.copy ? arena_strdup(&s->arena, o->origin.copy) : NULL,
			.who = o->origin.who ? arena_strdup(&s->arena, o->origin.who) : NULL,
			.at = o->origin.at,
		};
		fresh.history = (struct history_head){
			o->history.run,
			o->history.sha256 ? arena_strdup(&s->arena, o->history.sha256) : NULL
		};
	}
	return state_write(s, &nothing_else, &fresh, e);
}

static bool load_meta(struct state *s, const struct state_options *o, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct stored_record r = { 0 };
	struct err missing = { 0 };

	if (!s->backend->ops->get(s->backend, META_KEY, &a, &r, &missing)) {
		if (missing.code == ERR_MISSING)
			return make_meta(s, o, e);
		*e = missing;
		return false;
	}
	if (!meta_read(&r, &s->arena, &s->meta, e))
		return err_in(e, "state '%s'", o->path);
	s->meta_revision = r.revision;
	if (!o->fleet || strcmp(s->meta.fleet, o->fleet) == 0)
		return true;
	return err_set(
		e, ERR_INPUT,
		"the state in '%s' belongs to fleet '%s', but the fleet file says '%s'; name another directory in 'state'",
		o->path, text_escaped(&a, s->meta.fleet), text_escaped(&a, o->fleet));
}

bool state_open(const struct state_options *o, struct state **out, struct err *e)
{
	AUTO(state) s = xcalloc(1, sizeof(*s));

	assert(!o->create || (o->fleet && (o->holder || !o->path)));
	s->writable = o->create;
	if (o->path ? !sqlite_backend_open(o->path, o->create, &s->backend, e)
		    : !sqlite_backend_in_memory(&s->backend, e))
		return false;
	if (o->create && o->path &&
	    !s->backend->ops->lock(s->backend, o->holder, o->lock_wait_ms, e))
		return false;
	if (!load_meta(s, o, e))
		return false;
	*out = TAKE(s);
	return true;
}

/* ---- private keys ---- */

bool state_key_place(const struct state *s, const char *spki, struct key_place *out, struct err *e)
{
	if (s->access == KEYS_LOCKED)
		return err_set(e, ERR_INPUT,
			       "the keys of the state are locked; give its passphrase");
	*out = (struct key_place){
		.lineage = s->meta.lineage,
		.spki = spki,
		.data_key = s->access == KEYS_SEALED ? &s->data_key : NULL,
	};
	return true;
}

bool state_key(struct state *s, const char *spki, struct secret *out, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct key_place place = { 0 };
	struct stored_record r = { 0 };

	return state_key_place(s, spki, &place, e) &&
	       s->backend->ops->get(s->backend, record_key(&a, KEY_PREFIX, place.spki), &a, &r,
				    e) &&
	       key_decode(&place, &r, out, e);
}

bool state_has_key(struct state *s, const char *spki)
{
	AUTO(arena) a = { 0 };
	struct stored_record r = { 0 };
	struct err none = { 0 };
	bool found =
		s->backend->ops->get(s->backend, record_key(&a, KEY_PREFIX, spki), &a, &r, &none);

	if (found)
		wipe((char *)r.value, strlen(r.value));
	return found;
}

/* Seals the key of a record anew; `from` NULL: it is not sealed yet. */
static bool seal_record(const struct key_place *to, const struct secret *from,
			const struct stored_record *r, struct arena *a, struct record_write *out,
			struct err *e)
{
	struct key_place place = *to;
	AUTO(secret) pkcs8 = { 0 };
	AUTO(secret) value = { 0 };

	place.spki = r->key + strlen(KEY_PREFIX);
	place.data_key = from;
	if (!key_decode(&place, r, &pkcs8, e))
		return false;
	place.data_key = to->data_key;
	key_encode(&place, &pkcs8, &value);
	*out = (struct record_write){
		.key = r->key,
		.value = arena_strdup(a, (const char *)value.bytes),
	};
	return true;
}

/* Seals all keys under `data_key`, in one transaction with the seal in `sealed`. */
static bool seal_records(struct state *s, const struct secret *data_key, const struct meta *sealed,
			 struct err *e)
{
	AUTO(arena) a = { 0 };
	struct stored_record *records = NULL;
	const struct key_place to = { .lineage = s->meta.lineage, .data_key = data_key };
	const struct secret *from = s->access == KEYS_SEALED ? &s->data_key : NULL;
	struct transaction t = { 0 };

	if (!s->backend->ops->list(s->backend, KEY_PREFIX, &a, &records, &t.write_count, e))
		return false;

	struct record_write *writes = arena_array(&a, t.write_count, sizeof(*writes));
	bool good = true;

	for (size_t i = 0; i < t.write_count; i++) {
		good = good && seal_record(&to, from, &records[i], &a, &writes[i], e);
		wipe((char *)records[i].value, strlen(records[i].value));
	}
	t.writes = writes;
	t.forget = t.write_count > 0;
	return good && state_write(s, &t, sealed, e);
}

static bool make_seal(struct state *s, const struct seal_secret *secret, struct err *e)
{
	AUTO(secret) data_key = { 0 };
	struct meta sealed = s->meta;

	if (!seal_secret_check(secret, e))
		return err_in(e, "cannot seal the state");
	seal_make(s->meta.lineage, secret, &s->arena, &data_key, &sealed.seal);
	if (!seal_records(s, &data_key, &sealed, e))
		return false;
	secret_release(&s->data_key);
	s->data_key = TAKE(data_key);
	s->access = KEYS_SEALED;
	return true;
}

bool state_reseal(struct state *s, const struct seal_secret *secret, struct err *e)
{
	assert(s->writable && s->access == KEYS_SEALED);
	return make_seal(s, secret, e);
}

bool state_unseal(struct state *s, const struct seal_secret *from, struct err *e)
{
	bool sealed = s->meta.seal.kdf != NULL;

	secret_release(&s->data_key);
	s->access = KEYS_LOCKED;
	if (sealed && !from)
		return err_set(
			e, ERR_INPUT,
			"the state is sealed, but the fleet file says 'unsealed: true'; remove that and give the passphrase");
	if (sealed) {
		if (!seal_unwrap(&s->meta.seal, s->meta.lineage, from, &s->data_key, e))
			return false;
		s->access = KEYS_SEALED;
		return true;
	}
	/* a read-only state gets no seal: its keys are unsealed, or there are none */
	if (from && s->writable)
		return make_seal(s, from, e);
	s->access = KEYS_UNSEALED;
	return true;
}
