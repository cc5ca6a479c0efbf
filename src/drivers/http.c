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
	REQUESTS = 3, /* most requests of one verb */
	STATUS_MISSING = 404
};

/* One conversation: a list of requests, sent in order. */
struct http_session {
	struct http_words words;
	const struct http_request *list[REQUESTS];
	size_t count;
	size_t asked;
	/* result of the last probe; strings in the job's arena */
	const char *installed;
	const char *error; /* why `installed` is unknown */
	const char *version;
};

static const struct http *http_of(const struct visit *v)
{
	return v->job->component->deliver.http;
}

static const char *http_origin(const struct component *c)
{
	return c->deliver.http->origin;
}

static void http_forget(struct visit *v)
{
	http_words_release(&((struct http_session *)v->memory)->words);
}

/* ---- choosing the requests ---- */

static bool http_add(const struct visit *v, enum http_verb verb)
{
	const struct http_request *r = http_of(v)->requests[verb];
	struct http_session *t = v->memory;

	if (r)
		t->list[t->count++] = r;
	return r != NULL;
}

/* Revert to nothing. */
static bool list_nothing(const struct visit *v, struct err *e)
{
	const struct http_request *revert = http_of(v)->requests[HTTP_REVERT];

	if (http_add(v, HTTP_REMOVE))
		return true;
	if (revert && !request_needs_pair(revert))
		return http_add(v, HTTP_REVERT);
	return err_set(e, ERR_MISSING,
		       "nothing was there before, and there is no request 'remove'");
}

static bool list_revert(const struct visit *v, struct err *e)
{
	if (!*v->job->fingerprint)
		return list_nothing(v, e);
	if (http_add(v, HTTP_REVERT))
		return true;
	http_add(v, HTTP_STAGE);
	return http_add(v, HTTP_COMMIT);
}

static bool list_requests(const struct visit *v, struct err *e)
{
	switch (v->job->verb) {
	case DRIVER_PROBE:
		http_add(v, HTTP_PROBE);
		return true;
	case DRIVER_STAGE:
		return http_add(v, HTTP_STAGE) || http_add(v, HTTP_PROBE) || true;
	case DRIVER_COMMIT:
		http_add(v, HTTP_PROBE);
		return http_add(v, HTTP_COMMIT);
	case DRIVER_ABORT:
		return http_add(v, HTTP_ABORT) || true;
	case DRIVER_ACTIVATE:
		return http_add(v, HTTP_ACTIVATE) || http_add(v, HTTP_PROBE) || true;
	case DRIVER_REVERT:
		return list_revert(v, e);
	case DRIVER_REMOVE:
		http_add(v, HTTP_PROBE);
		return http_add(v, HTTP_REMOVE) ||
		       err_set(e, ERR_MISSING, "there is no request 'remove'");
	case DRIVER_READ:
	case DRIVER_VERB_COUNT:
		break;
	}
	return err_set(e, ERR_MISSING, "its key cannot be read over HTTP");
}

static bool http_prepare(struct visit *v, struct err *e)
{
	struct http_session *t = ARENA_NEW(v->arena, struct http_session);

	v->memory = t;
	if (!list_requests(v, e))
		return false;
	for (size_t i = 0; i < t->count; i++)
		if (!http_words_prepare(&t->words, v, t->list[i], &http_of(v)->pkcs12_password, e))
			return false;
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

static void take_installed(const struct visit *v, const json_t *value)
{
	struct http_session *t = v->memory;
	struct arena *a = v->job->arena;
	const char *text = json_string_value(value);
	const char *pointer = http_of(v)->requests[HTTP_PROBE]->fingerprint;

	if (json_is_null(value) || (text && !*text))
		t->installed = "";
	else if (text)
		t->installed =
			strstr(text, "-----BEGIN") ? leaf_of(a, text) : as_fingerprint(a, text);
	if (!t->installed)
		t->error = arena_printf(
			a,
			"'%s' in its answer is %s, neither a SHA-256 fingerprint nor a certificate",
			pointer, value ? "something else" : "not there");
}

static void take_version(const struct visit *v, const json_t *document)
{
	struct http_session *t = v->memory;
	const char *pointer = http_of(v)->requests[HTTP_PROBE]->version;
	const json_t *value = pointer ? json_at(document, pointer) : NULL;

	if (json_is_string(value))
		t->version = arena_strdup(v->job->arena, redact_words(v, json_string_value(value),
								      json_string_length(value)));
}

static bool take_probe(const struct visit *v, const struct http_request *r, struct err *e)
{
	struct http_session *t = v->memory;
	AUTO(json) document = NULL;

	if (!v->reply->error.code)
		document = json_parse(v->reply->reply.bytes, v->reply->reply.len);
	if (!v->reply->error.code && v->reply->status == STATUS_MISSING) {
		t->installed = "";
		take_version(v, document);
		return true;
	}
	if (!http_expected(v, r, e))
		return false;
	if (!document)
		return err_set(e, ERR_REMOTE, "'%s' does not answer with JSON", v->reply->origin);
	take_installed(v, json_at(document, r->fingerprint));
	take_version(v, document);
	return true;
}

/* ---- decisions after a probe ---- */

static bool installed_is(const struct visit *v, const char *fingerprint)
{
	const struct http_session *t = v->memory;

	return t->installed && !strcmp(t->installed, fingerprint);
}

static enum turn http_report(const struct visit *v)
{
	const struct http_session *t = v->memory;
	struct observation *a = &v->job->seen;

	a->online = true;
	a->installed = t->installed;
	a->version = t->version;
	a->error = t->error;
	if (!t->count)
		a->error = "there is no request 'probe'";
	return TURN_DONE;
}

static enum turn before_commit(const struct visit *v, struct err *e)
{
	const struct http_session *t = v->memory;
	const struct job *j = v->job;
	bool mended = j->replaces && !strcmp(j->replaces, j->fingerprint);

	if (installed_is(v, j->fingerprint) && !mended)
		return TURN_DONE;
	if (!j->replaces || !t->installed || installed_is(v, j->replaces))
		return TURN_ASK;
	err_set(e, ERR_STALE, "it holds %.12s, not %.12s as expected",
		*t->installed ? t->installed : "nothing", *j->replaces ? j->replaces : "nothing");
	return TURN_FAILED;
}

static enum turn after_commit(const struct visit *v, struct err *e)
{
	const struct http_session *t = v->memory;

	if (!t->installed || installed_is(v, v->job->fingerprint))
		return TURN_DONE;
	err_set(e, ERR_REMOTE, "it accepted %.12s, but still reports %.12s", v->job->fingerprint,
		*t->installed ? t->installed : "nothing");
	return TURN_FAILED;
}

/* Removes nothing when another writer has installed a pair since. */
static enum turn before_remove(const struct visit *v)
{
	const struct http_session *t = v->memory;
	const char *last = v->job->fingerprint;
	bool other = last && *last && t->installed && !installed_is(v, last);

	return other ? TURN_DONE : TURN_ASK;
}

/* TURN_ASK: continue with the next request. */
static enum turn decide_after_probe(const struct visit *v, struct err *e)
{
	switch (v->job->verb) {
	case DRIVER_PROBE:
		return http_report(v);
	case DRIVER_COMMIT:
		return before_commit(v, e);
	case DRIVER_ACTIVATE:
		return after_commit(v, e);
	case DRIVER_REMOVE:
		return before_remove(v);
	case DRIVER_STAGE:
	case DRIVER_ABORT:
	case DRIVER_REVERT:
	case DRIVER_READ:
	case DRIVER_VERB_COUNT:
		break;
	}
	return TURN_ASK;
}

static enum turn http_check_reply(const struct visit *v, struct err *e)
{
	const struct http_session *t = v->memory;
	const struct http_request *r = t->list[t->asked - 1];

	if (r == http_of(v)->requests[HTTP_PROBE])
		return take_probe(v, r, e) ? decide_after_probe(v, e) : TURN_FAILED;
	return http_expected(v, r, e) ? TURN_ASK : TURN_FAILED;
}

static enum turn http_converse(struct visit *v, struct exchange *ask, struct err *e)
{
	struct http_session *t = v->memory;
	enum turn turn = v->reply ? http_check_reply(v, e) : TURN_ASK;

	if (turn != TURN_ASK)
		return turn;
	if (t->asked == t->count)
		return v->job->verb == DRIVER_PROBE ? http_report(v) : TURN_DONE;
	ask->reads = t->list[t->asked] == http_of(v)->requests[HTTP_PROBE];
	return http_render(&t->words, v, t->list[t->asked++], &http_of(v)->access, ask, e)
		       ? TURN_ASK
		       : TURN_FAILED;
}

const struct driver http_driver = {
	.turns = {
		[DRIVER_PROBE] = http_converse,
		[DRIVER_STAGE] = http_converse,
		[DRIVER_COMMIT] = http_converse,
		[DRIVER_ABORT] = http_converse,
		[DRIVER_ACTIVATE] = http_converse,
		[DRIVER_REVERT] = http_converse,
		[DRIVER_REMOVE] = http_converse,
		[DRIVER_READ] = http_converse,
	},
	.origin = http_origin,
	.prepare = http_prepare,
	.forget = http_forget,
	.takes_pair = true,
};
