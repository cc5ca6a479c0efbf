/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver `http`: an API whose requests the fleet file declares.
 *
 * Every verb sends the request of its name.  Where that is not declared:
 *
 *	probe     the installed pair is unknown
 *	stage     commit does everything; stage only probes the API
 *	abort     nothing has been staged
 *	activate  commit has put the pair into use: probe must now report it
 *	revert    the former pair, which must be in the state, is staged and
 *	          committed again; a revert to nothing is `remove`
 *
 * Commit probes first: the installed pair must be the one that the plan expects
 * to replace; when it is the new pair already, nothing is sent.  A probe answered
 * with 404 means that nothing is installed.
 *
 * A private key cannot be read back over such an API.
 */
#include "drivers/driver_table.h"

#include "base/text.h"
#include "drivers/http_render.h"
#include "drivers/json_pointer.h"
#include "drivers/redact_reply.h"
#include "model/http_spec.h"
#include "pki/foreign.h"
#include "pki/pair.h"

#include <ctype.h>
#include <string.h>

enum {
	STATUS_MISSING = 404
};

/* Made by http_prepare(). */
struct http_session {
	struct http_words words;
	const struct http_request *changes[2]; /* that the verb sends, in order; NULL: none */
};

/* What a probe tells; strings in the job's arena. */
struct http_probe {
	const char *installed;
	const char *error; /* why `installed` is unknown */
	const char *version;
};

static const struct http *http_of(const struct driver_session *v)
{
	return v->job->component->deliver.http;
}

static const char *http_origin(const struct component *c)
{
	return c->deliver.http->origin;
}

/* ---- the requests of a verb that change something ---- */

static const struct http_request *http_request_of(const struct driver_session *v,
						  enum http_verb verb)
{
	return http_of(v)->requests[verb];
}

static bool list_revert(const struct driver_session *v, const struct http_request *list[2],
			struct err *e)
{
	const struct http_request *revert = http_request_of(v, HTTP_REVERT);
	bool to_nothing = !*v->job->fingerprint;

	if (to_nothing && http_request_of(v, HTTP_REMOVE))
		list[0] = http_request_of(v, HTTP_REMOVE);
	else if (revert && (!to_nothing || !request_needs_pair(revert)))
		list[0] = revert;
	else if (to_nothing)
		return err_set(e, ERR_MISSING,
			       "nothing was there before, and there is no request 'remove'");
	if (list[0])
		return true;
	list[0] = http_request_of(v, HTTP_STAGE);
	list[list[0] ? 1 : 0] = http_request_of(v, HTTP_COMMIT);
	return true;
}

static bool list_changes(const struct driver_session *v, const struct http_request *list[2],
			 struct err *e)
{
	static const enum http_verb same[DRIVER_VERB_COUNT] = {
		[DRIVER_STAGE] = HTTP_STAGE,       [DRIVER_COMMIT] = HTTP_COMMIT,
		[DRIVER_ABORT] = HTTP_ABORT,       [DRIVER_REMOVE] = HTTP_REMOVE,
		[DRIVER_ACTIVATE] = HTTP_ACTIVATE,
	};
	enum driver_verb verb = v->job->verb;

	if (verb == DRIVER_PROBE)
		return true;
	if (verb == DRIVER_REVERT)
		return list_revert(v, list, e);
	list[0] = http_request_of(v, same[verb]);
	return list[0] || verb != DRIVER_REMOVE ||
	       err_set(e, ERR_MISSING, "there is no request 'remove'");
}

static bool http_prepare(struct driver_session *v, struct err *e)
{
	struct http_session *s = ARENA_NEW(v->arena, struct http_session);

	v->memory = s;
	if (!list_changes(v, s->changes, e))
		return false;
	for (size_t i = 0; i < 2 && s->changes[i]; i++)
		if (!http_words_prepare(&s->words, v, s->changes[i], &http_of(v)->pkcs12_password,
					e))
			return false;
	return true;
}

static void http_forget(struct driver_session *v)
{
	http_words_release(&((struct http_session *)v->memory)->words);
}

static bool http_send(struct driver_session *v, const struct http_request *r, struct exchange *x,
		      struct err *e)
{
	struct http_session *s = v->memory;

	return http_render(&s->words, v, r, &http_of(v)->access, x, e) && driver_request(v, x, e);
}

static bool send_changes(struct driver_session *v, struct err *e)
{
	const struct http_session *s = v->memory;

	for (size_t i = 0; i < 2 && s->changes[i]; i++) {
		AUTO(exchange) x = { 0 };

		if (!http_send(v, s->changes[i], &x, e) || !http_expected(v, &x, s->changes[i], e))
			return false;
	}
	return true;
}

/* ---- probe replies ---- */

/* Normalizes hex in either case, with or without colons or blanks; NULL: no SHA-256. */
static const char *as_fingerprint(struct arena *a, const char *text)
{
	char hex[FINGERPRINT_TEXT] = "";
	size_t len = 0;

	for (; *text; text++) {
		if (*text == ':' || *text == ' ')
			continue;
		if (!isxdigit((unsigned char)*text) || len == sizeof(hex) - 1)
			return NULL;
		hex[len++] = (char)tolower((unsigned char)*text);
	}
	hex[len] = '\0';
	return len == sizeof(hex) - 1 ? arena_strdup(a, hex) : NULL;
}

static const char *leaf_of(struct arena *a, const char *pem)
{
	const struct der *certs = NULL;
	struct cert_facts facts = { 0 };
	size_t count = 0;
	struct err ignored = { 0 };

	if (!pem_read_certs(pem, strlen(pem), a, &certs, &count, &ignored) || !count ||
	    !foreign_cert(certs[0], a, &facts, &ignored))
		return NULL;
	return facts.fingerprint;
}

static void take_installed(const struct driver_session *v, const json_t *value,
			   struct http_probe *out)
{
	struct arena *a = v->job->arena;
	const char *text = json_string_value(value);

	if (json_is_null(value) || (text && !*text))
		out->installed = "";
	else if (text)
		out->installed =
			strstr(text, "-----BEGIN") ? leaf_of(a, text) : as_fingerprint(a, text);
	if (!out->installed)
		out->error = arena_printf(
			a,
			"'%s' in its answer is %s, neither a SHA-256 fingerprint nor a certificate",
			http_request_of(v, HTTP_PROBE)->fingerprint,
			value ? "something else" : "not there");
}

static void take_version(const struct driver_session *v, const struct exchange *x,
			 const json_t *document, struct http_probe *out)
{
	const char *pointer = http_request_of(v, HTTP_PROBE)->version;
	const json_t *value = pointer ? json_at(document, pointer) : NULL;

	if (json_is_string(value))
		out->version =
			arena_strdup(v->job->arena, redact_words(v, x, json_string_value(value),
								 json_string_length(value)));
}

/* Without a declared probe nothing is known. */
static bool http_ask_probe(struct driver_session *v, struct http_probe *out, struct err *e)
{
	const struct http_request *r = http_request_of(v, HTTP_PROBE);
	AUTO(exchange) x = { .reads = true };
	AUTO(json) document = NULL;

	*out = (struct http_probe){ .error = "there is no request 'probe'" };
	if (!r)
		return true;
	*out = (struct http_probe){ 0 };
	if (!http_send(v, r, &x, e))
		return false;
	document = json_parse(x.reply.bytes, x.reply.len);
	take_version(v, &x, document, out);
	if (x.status == STATUS_MISSING) {
		out->installed = "";
		return true;
	}
	if (!http_expected(v, &x, r, e))
		return false;
	if (!document)
		return err_set(e, ERR_REMOTE, "'%s' does not answer with JSON", x.origin);
	take_installed(v, json_at(document, r->fingerprint), out);
	return true;
}

/* ---- the verbs ---- */

static bool installed_is(const struct http_probe *p, const char *fingerprint)
{
	return p->installed && !strcmp(p->installed, fingerprint);
}

static const char *or_nothing(const char *fingerprint)
{
	return *fingerprint ? fingerprint : "nothing";
}

static bool http_probe(struct driver_session *v, struct err *e)
{
	struct http_probe p;

	if (!http_ask_probe(v, &p, e))
		return false;
	v->job->seen.online = true;
	v->job->seen.installed = p.installed;
	v->job->seen.version = p.version;
	v->job->seen.error = p.error;
	return true;
}

static bool http_stage(struct driver_session *v, struct err *e)
{
	struct http_probe ignored;

	return http_request_of(v, HTTP_STAGE) ? send_changes(v, e) : http_ask_probe(v, &ignored, e);
}

static bool http_commit(struct driver_session *v, struct err *e)
{
	const struct job *j = v->job;
	struct http_probe p;

	if (!http_ask_probe(v, &p, e))
		return false;
	if (installed_is(&p, j->fingerprint) && !job_mends(j))
		return true;
	if (j->replaces && p.installed && !installed_is(&p, j->replaces))
		return err_set(e, ERR_STALE, "it holds %.12s, not %.12s as expected",
			       or_nothing(p.installed), or_nothing(j->replaces));
	return send_changes(v, e);
}

static bool http_activate(struct driver_session *v, struct err *e)
{
	struct http_probe p;

	if (http_request_of(v, HTTP_ACTIVATE))
		return send_changes(v, e);
	if (!http_ask_probe(v, &p, e))
		return false;
	return !p.installed || installed_is(&p, v->job->fingerprint) ||
	       err_set(e, ERR_REMOTE, "it accepted %.12s, but still reports %.12s",
		       v->job->fingerprint, or_nothing(p.installed));
}

/* Removes nothing when another writer has installed a pair since. */
static bool http_remove(struct driver_session *v, struct err *e)
{
	const char *last = v->job->fingerprint;
	struct http_probe p;

	if (!http_ask_probe(v, &p, e))
		return false;
	return (last && *last && p.installed && !installed_is(&p, last)) || send_changes(v, e);
}

static bool http_read(struct job *j, struct err *e)
{
	(void)j;
	return err_set(e, ERR_MISSING, "its key cannot be read over HTTP");
}

const struct driver http_driver = {
	.calls = { [DRIVER_READ] = http_read },
	.sessions = {
		[DRIVER_PROBE] = http_probe,
		[DRIVER_STAGE] = http_stage,
		[DRIVER_COMMIT] = http_commit,
		[DRIVER_ABORT] = send_changes,
		[DRIVER_ACTIVATE] = http_activate,
		[DRIVER_REVERT] = send_changes,
		[DRIVER_REMOVE] = http_remove,
	},
	.origin = http_origin,
	.prepare = http_prepare,
	.forget = http_forget,
	.takes_pair = true,
};
