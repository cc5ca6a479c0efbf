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
#include "json/record.h"

#include <string.h>

enum {
	STATUS_OK = 200,
	STATUS_MISSING = 404
};

/* The object as last read. */
struct caddy_object {
	json_t *json;        /* NULL: none */
	const char *why_not; /* why no pair can be put there; NULL: it can */
	struct reported_pair held;
	char etag[ETAG_LIMIT];
};

static void caddy_object_release(struct caddy_object *o)
{
	json_decref(o->json);
	reported_pair_release(&o->held);
}
AUTO_STRUCT(caddy_object, struct caddy_object, caddy_object_release)

static const char *caddy_origin(const struct component *c)
{
	return c->deliver.caddy->admin;
}

static const char *id_of(const struct driver_session *v)
{
	return v->job->component->deliver.caddy->id;
}

/* ---- reading the object ---- */

static const char *object_path(const struct driver_session *v)
{
	AUTO(buf) path = { 0 };

	buf_puts(&path, "/id/");
	text_percent(&path, id_of(v));
	return arena_strdup(v->arena, buf_text(&path));
}

static bool put_member(struct caddy_object *o, const char *name, enum file_kind part)
{
	const json_t *text = json_object_get(o->json, name);
	const struct secret view = {
		(unsigned char *)json_string_value(text),
		json_string_length(text),
	};

	if (!json_is_string(text) || !strstr(json_string_value(text), "-----"))
		return false;
	reported_pair_set(&o->held, part, name, &view);
	return true;
}

/* An object that is not a load_pem pair is never changed. */
static void take_object(const struct driver_session *v, const struct exchange *x,
			struct caddy_object *o)
{
	o->json = json_parse(x->reply.bytes, x->reply.len);
	memcpy(o->etag, x->etag, sizeof(o->etag));
	if (!json_is_object(o->json) || !put_member(o, "certificate", FILE_KIND_FULLCHAIN) ||
	    !put_member(o, "key", FILE_KIND_KEY)) {
		o->why_not = arena_printf(
			v->job->arena,
			"the object with the @id '%s' in Caddy is not a certificate and key as text, as load_pem holds them",
			id_of(v));
		return;
	}
	reported_pair_check(&o->held, v->job->arena);
}

static bool read_object(struct driver_session *v, struct caddy_object *o, struct err *e)
{
	AUTO(exchange) x = { .method = "GET", .path = object_path(v), .reads = true };

	if (!driver_request(v, &x, e))
		return false;
	switch (x.status) {
	case STATUS_OK:
		take_object(v, &x, o);
		return true;
	case STATUS_MISSING:
		o->held.verdict.fingerprint = "";
		o->why_not = arena_printf(
			v->job->arena,
			"Caddy has no object with the @id '%s': add one with it, a certificate and a key into apps.tls.certificates.load_pem",
			id_of(v));
		return true;
	}
	return reply_refused(v, &x, "error", e);
}

/* Like read_object(), but an unusable object is an error. */
static bool need_object(struct driver_session *v, struct caddy_object *o, struct err *e)
{
	return read_object(v, o, e) && (!o->why_not || err_set(e, ERR_REMOTE, "%s", o->why_not));
}

/* ---- verbs that only read ---- */

static bool caddy_probe(struct driver_session *v, struct err *e)
{
	struct observation *seen = &v->job->seen;
	AUTO(caddy_object) o = { 0 };

	if (!read_object(v, &o, e))
		return false;
	seen->online = true;
	seen->unwritable = o.why_not;
	installed_pair_observe(&o.held.verdict, seen);
	if (!o.why_not)
		seen->served = seen->installed;
	return true;
}

static bool caddy_stage(struct driver_session *v, struct err *e)
{
	AUTO(caddy_object) o = { 0 };

	return need_object(v, &o, e);
}

static bool abort_stage(struct job *j, struct err *e)
{
	(void)j;
	(void)e;
	return true; /* stage writes nothing */
}

static bool caddy_activate(struct driver_session *v, struct err *e)
{
	AUTO(caddy_object) o = { 0 };

	if (!need_object(v, &o, e))
		return false;
	return reported_pair_is(&o.held, v->job->fingerprint) ||
	       err_set(e, ERR_REMOTE, "Caddy holds another pair than %.12s", v->job->fingerprint);
}

static bool caddy_read_pair(struct driver_session *v, struct err *e)
{
	AUTO(caddy_object) o = { 0 };

	return need_object(v, &o, e) && reported_pair_give(&o.held, v->job, e);
}

/* ---- verbs that change the object ---- */

/* Changes the object under the ETag that it was read with; the body is moved. */
static bool change_object(struct driver_session *v, const struct caddy_object *o,
			  const char *method, struct secret *body, struct err *e)
{
	AUTO(exchange) x = {
		.method = method,
		.path = object_path(v),
		.if_match = *o->etag ? o->etag : NULL,
		.body = TAKE(*body),
	};

	if (!driver_request(v, &x, e))
		return false;
	return x.status == STATUS_OK || reply_refused(v, &x, "error", e);
}

static void set_member(json_t *object, const char *name, const struct secret *text)
{
	json_object_set_new(object, name, json_stringn((const char *)text->bytes, text->len));
}

static bool swap_object(struct driver_session *v, struct caddy_object *o, struct err *e)
{
	const unsigned parts = 1U << FILE_KIND_FULLCHAIN | 1U << FILE_KIND_KEY;
	const struct job *j = v->job;
	AUTO(pair_files) new_pair = { 0 };
	AUTO(secret) body = { 0 };

	if (!j->set || !j->key)
		return err_set(
			e, ERR_MISSING,
			"the pair %.12s is not in the state, and Caddy keeps no earlier ones",
			j->fingerprint);
	pair_files_of_pair(&new_pair, parts, j->set, j->key);
	set_member(o->json, "certificate", &new_pair.parts[FILE_KIND_FULLCHAIN].bytes);
	set_member(o->json, "key", &new_pair.parts[FILE_KIND_KEY].bytes);
	json_to_secret(o->json, &body);
	return change_object(v, o, "PATCH", &body, e);
}

static bool caddy_commit(struct driver_session *v, struct err *e)
{
	const struct job *j = v->job;
	AUTO(caddy_object) o = { 0 };

	if (!need_object(v, &o, e))
		return false;
	if (reported_pair_is(&o.held, j->fingerprint) && !job_mends(j))
		return true;
	return reported_pair_is_expected(&o.held, j, e) && swap_object(v, &o, e);
}

static bool caddy_revert(struct driver_session *v, struct err *e)
{
	AUTO(caddy_object) o = { 0 };

	if (!need_object(v, &o, e))
		return false;
	return reported_pair_is(&o.held, v->job->fingerprint) || swap_object(v, &o, e);
}

/* An object with another pair than the last known one belongs to another writer. */
static bool caddy_is_ours(const struct driver_session *v, const struct caddy_object *o)
{
	const char *last = v->job->fingerprint;

	return !o->why_not && (!last || !*last || reported_pair_is(&o->held, last));
}

static bool caddy_remove(struct driver_session *v, struct err *e)
{
	AUTO(caddy_object) o = { 0 };
	AUTO(secret) nothing = { 0 };

	if (!read_object(v, &o, e))
		return false;
	return !caddy_is_ours(v, &o) || change_object(v, &o, "DELETE", &nothing, e);
}

static const struct member kept_caddy_members[] = {
	TEXT_MEMBER("admin", struct caddy, admin),
	TEXT_MEMBER("id", struct caddy, id),
	{ 0 },
};

static const struct member kept_caddy[] = {
	POINTER_MEMBER("caddy", struct deliver, caddy, kept_caddy_members,
		       .absent = ABSENT_OMITTED),
	{ 0 },
};

const struct driver caddy_driver = {
	.calls = { [DRIVER_ABORT] = abort_stage },
	.kept = kept_caddy,
	.sessions = {
		[DRIVER_PROBE] = caddy_probe,
		[DRIVER_STAGE] = caddy_stage,
		[DRIVER_COMMIT] = caddy_commit,
		[DRIVER_ACTIVATE] = caddy_activate,
		[DRIVER_REVERT] = caddy_revert,
		[DRIVER_REMOVE] = caddy_remove,
		[DRIVER_READ] = caddy_read_pair,
	},
	.origin = caddy_origin,
	.takes_pair = true,
};
