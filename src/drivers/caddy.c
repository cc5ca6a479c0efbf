/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver `caddy`: a pair inside the configuration of a running Caddy.
 *
 * The pair is the object {"@id": ID, "certificate": PEM, "key": PEM, ...} in
 * apps.tls.certificates.load_pem, accessed through the admin API.  The process
 * uses its running configuration, so the pair in it is both installed and, as
 * the driver's own proof, served.
 *
 * Caddy has no place to stage a pair.  Stage only checks that the API answers
 * and the object exists.  Commit is the swap: it reads the object, replaces
 * certificate and key, leaves all other members unchanged, and writes the object
 * back under the ETag it was read with, so that no concurrent change is lost.
 * Caddy tries the new configuration first and keeps the old one when it fails.
 * Activate reads the object again and compares.  Revert is the same swap with
 * the former pair, which must be in the state.  Remove deletes the object,
 * unless it holds another pair than the last known one.
 *
 * Replies contain the private key and are wiped.
 */
#include "drivers/driver_table.h"

#include "base/text.h"
#include "drivers/json_pointer.h"
#include "drivers/redact_reply.h"
#include "drivers/reported_pair.h"
#include "model/http_spec.h"
#include "pki/pair.h"

#include <string.h>

enum {
	STATUS_OK = 200,
	STATUS_MISSING = 404
};

enum caddy_stage {
	CADDY_BEGIN,
	CADDY_READ,   /* object requested */
	CADDY_CHANGED /* write or delete requested */
};

/* The object as last read. */
struct seen {
	json_t *object;      /* NULL: none */
	const char *why_not; /* why no pair can be put there; NULL: it can */
	struct reported_pair held;
	char etag[ETAG_LIMIT];
};

static const char *caddy_origin(const struct component *c)
{
	return c->deliver.caddy->admin;
}

static const char *id_of(const struct visit *v)
{
	return v->job->component->deliver.caddy->id;
}

static void caddy_forget(struct visit *v)
{
	struct seen *s = v->memory;

	json_decref(s->object);
	reported_pair_release(&s->held);
}

/* ---- reading the object ---- */

static enum turn ask_object(struct visit *v, struct exchange *ask)
{
	AUTO(buf) path = { 0 };

	buf_puts(&path, "/id/");
	text_percent(&path, id_of(v));
	ask->method = "GET";
	ask->path = arena_strdup(v->arena, buf_text(&path));
	ask->reads = true;
	v->stage = CADDY_READ;
	return TURN_ASK;
}

static bool put_member(struct seen *s, const char *name, enum file_kind part)
{
	const json_t *text = json_object_get(s->object, name);
	const struct secret view = {
		(unsigned char *)json_string_value(text),
		json_string_length(text),
	};

	if (!json_is_string(text) || !strstr(json_string_value(text), "-----"))
		return false;
	reported_pair_set(&s->held, part, name, &view);
	return true;
}

/* An object that is not a load_pem pair is never changed. */
static void take_object(struct visit *v, struct seen *s)
{
	s->object = json_parse(v->reply->reply.bytes, v->reply->reply.len);
	memcpy(s->etag, v->reply->etag, sizeof(s->etag));
	if (!json_is_object(s->object) || !put_member(s, "certificate", FILE_KIND_FULLCHAIN) ||
	    !put_member(s, "key", FILE_KIND_KEY)) {
		s->why_not = arena_printf(
			v->job->arena,
			"the object with the @id '%s' in Caddy is not a certificate and key as text, as load_pem holds them",
			id_of(v));
		return;
	}
	reported_pair_check(&s->held, v->job->arena);
}

static bool read_object(struct visit *v, struct err *e)
{
	struct seen *s = ARENA_NEW(v->arena, struct seen);

	v->memory = s;
	if (v->reply->error.code) {
		*e = v->reply->error;
		return false;
	}
	if (v->reply->status == STATUS_OK) {
		take_object(v, s);
		return true;
	}
	if (v->reply->status == STATUS_MISSING) {
		s->held.verdict.fingerprint = "";
		s->why_not = arena_printf(
			v->job->arena,
			"Caddy has no object with the @id '%s': add one with it, a certificate and a key into apps.tls.certificates.load_pem",
			id_of(v));
		return true;
	}
	return reply_refused(v, "error", e) != TURN_FAILED;
}

/* Like read_object(), but an unusable object is an error. */
static bool need_object(struct visit *v, struct err *e)
{
	const struct seen *s = NULL;

	if (!read_object(v, e))
		return false;
	s = v->memory;
	return !s->why_not || err_set(e, ERR_REMOTE, "%s", s->why_not);
}

static bool now_holds(const struct visit *v, const char *fingerprint)
{
	const struct seen *s = v->memory;
	const char *now = s->held.verdict.fingerprint;

	return now && !s->held.verdict.damage && !strcmp(now, fingerprint);
}

/* ---- read-only verbs ---- */

static enum turn caddy_probe(struct visit *v, struct exchange *ask, struct err *e)
{
	struct observation *a = &v->job->seen;
	const struct seen *s = NULL;

	if (v->stage == CADDY_BEGIN)
		return ask_object(v, ask);
	if (!read_object(v, e))
		return TURN_FAILED;
	s = v->memory;
	a->online = true;
	a->unwritable = s->why_not;
	installed_pair_observe(&s->held.verdict, a);
	if (!s->why_not)
		a->served = a->installed;
	return TURN_DONE;
}

static enum turn caddy_stage_turn(struct visit *v, struct exchange *ask, struct err *e)
{
	if (v->stage == CADDY_BEGIN)
		return ask_object(v, ask);
	return need_object(v, e) ? TURN_DONE : TURN_FAILED;
}

static bool abort_stage(struct job *j, struct err *e)
{
	(void)j;
	(void)e;
	return true; /* stage writes nothing */
}

static enum turn caddy_activate(struct visit *v, struct exchange *ask, struct err *e)
{
	if (v->stage == CADDY_BEGIN)
		return ask_object(v, ask);
	if (!need_object(v, e))
		return TURN_FAILED;
	if (now_holds(v, v->job->fingerprint))
		return TURN_DONE;
	err_set(e, ERR_REMOTE, "Caddy holds another pair than %.12s", v->job->fingerprint);
	return TURN_FAILED;
}

static enum turn caddy_read_pair(struct visit *v, struct exchange *ask, struct err *e)
{
	const struct seen *s = NULL;

	if (v->stage == CADDY_BEGIN)
		return ask_object(v, ask);
	if (!need_object(v, e))
		return TURN_FAILED;
	s = v->memory;
	return reported_pair_give(&s->held, v->job, e) ? TURN_DONE : TURN_FAILED;
}

/* ---- verbs that change the object ---- */

static void ask_change(struct visit *v, struct exchange *ask, const char *method)
{
	struct seen *s = v->memory;

	(void)ask_object(v, ask);
	ask->method = method;
	ask->reads = false;
	ask->if_match = *s->etag ? s->etag : NULL;
	v->stage = CADDY_CHANGED;
}

static void set_member(json_t *object, const char *name, const struct secret *text)
{
	json_object_set_new(object, name, json_stringn((const char *)text->bytes, text->len));
}

static enum turn ask_swap(struct visit *v, struct exchange *ask, struct err *e)
{
	const unsigned parts = 1U << FILE_KIND_FULLCHAIN | 1U << FILE_KIND_KEY;
	const struct job *j = v->job;
	struct seen *s = v->memory;
	AUTO(pair_files) new_pair = { 0 };

	if (!j->set || !j->key) {
		err_set(e, ERR_MISSING,
			"the pair %.12s is not in the state, and Caddy keeps no earlier ones",
			j->fingerprint);
		return TURN_FAILED;
	}
	pair_files_of_pair(&new_pair, parts, j->set, j->key);
	set_member(s->object, "certificate", &new_pair.parts[FILE_KIND_FULLCHAIN].bytes);
	set_member(s->object, "key", &new_pair.parts[FILE_KIND_KEY].bytes);
	ask_change(v, ask, "PATCH");
	json_to_secret(s->object, &ask->body);
	return TURN_ASK;
}

static enum turn caddy_changed(const struct visit *v, struct err *e)
{
	if (v->reply->error.code)
		return no_reply(v, e);
	if (v->reply->status == STATUS_OK)
		return TURN_DONE;
	return reply_refused(v, "error", e);
}

static bool caddy_is_same_pair(const struct job *j)
{
	return j->replaces && !strcmp(j->replaces, j->fingerprint);
}

static enum turn caddy_commit(struct visit *v, struct exchange *ask, struct err *e)
{
	const struct seen *s = NULL;

	switch ((enum caddy_stage)v->stage) {
	case CADDY_BEGIN:
		return ask_object(v, ask);
	case CADDY_READ:
		if (!need_object(v, e))
			return TURN_FAILED;
		s = v->memory;
		if (now_holds(v, v->job->fingerprint) && !caddy_is_same_pair(v->job))
			return TURN_DONE;
		if (!reported_pair_is_expected(&s->held, v->job, e))
			return TURN_FAILED;
		return ask_swap(v, ask, e);
	case CADDY_CHANGED:
		return caddy_changed(v, e);
	}
	return TURN_FAILED;
}

static enum turn caddy_revert(struct visit *v, struct exchange *ask, struct err *e)
{
	switch ((enum caddy_stage)v->stage) {
	case CADDY_BEGIN:
		return ask_object(v, ask);
	case CADDY_READ:
		if (!need_object(v, e))
			return TURN_FAILED;
		if (now_holds(v, v->job->fingerprint))
			return TURN_DONE;
		return ask_swap(v, ask, e);
	case CADDY_CHANGED:
		return caddy_changed(v, e);
	}
	return TURN_FAILED;
}

/* An object with another pair than the last known one belongs to another writer. */
static bool caddy_is_ours(const struct visit *v)
{
	const struct seen *s = v->memory;
	const char *last = v->job->fingerprint;

	return !s->why_not && (!last || !*last || now_holds(v, last));
}

static enum turn remove_object(struct visit *v, struct exchange *ask, struct err *e)
{
	switch ((enum caddy_stage)v->stage) {
	case CADDY_BEGIN:
		return ask_object(v, ask);
	case CADDY_READ:
		if (!read_object(v, e))
			return TURN_FAILED;
		if (!caddy_is_ours(v))
			return TURN_DONE;
		ask_change(v, ask, "DELETE");
		return TURN_ASK;
	case CADDY_CHANGED:
		return caddy_changed(v, e);
	}
	return TURN_FAILED;
}

const struct driver caddy_driver = {
	.verbs = { [DRIVER_ABORT] = abort_stage },
	.turns = {
		[DRIVER_PROBE] = caddy_probe,
		[DRIVER_STAGE] = caddy_stage_turn,
		[DRIVER_COMMIT] = caddy_commit,
		[DRIVER_ACTIVATE] = caddy_activate,
		[DRIVER_REVERT] = caddy_revert,
		[DRIVER_REMOVE] = remove_object,
		[DRIVER_READ] = caddy_read_pair,
	},
	.origin = caddy_origin,
	.forget = caddy_forget,
	.takes_pair = true,
};
