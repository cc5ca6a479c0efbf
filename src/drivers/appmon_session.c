/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/appmon_session.h"

#include "base/text.h"
#include "drivers/api_identity.h"
#include "drivers/redact_reply.h"
#include "remote/batch.h"

#include <stdlib.h>
#include <string.h>

enum {
	STATUS_GOOD = 200,
	STATUS_UNKNOWN_USER = 401,
	STATUS_NOT_PERMITTED = 403,
};

#define PIN_PREFIX "sha256:"

struct appmon_session *appmon_of(const struct driver_session *v)
{
	return v->memory;
}

/* Pins, and the pairs that are delivered: the web certificate may become one of these. */
static void appmon_add_leaves(struct appmon_session *s, const struct appmon_access *access)
{
	const struct job *j = s->v->job;
	const char **list =
		arena_array(s->v->arena, access->pin_count + j->leaf_count, sizeof(*list));

	for (size_t i = 0; i < access->pin_count; i++)
		list[s->leaf_count++] = access->pins[i] + strlen(PIN_PREFIX);
	for (size_t i = 0; i < j->leaf_count; i++)
		list[s->leaf_count++] = j->leaves[i];
	s->leaves = list;
}

bool appmon_open(struct driver_session *v, struct err *e)
{
	const struct appmon_access *access = &driver_access(v)->appmon;
	const struct http_access login = { .ca = access->ca,
					   .user = access->user,
					   .password = access->password };
	struct appmon_session *s = ARENA_NEW(v->arena, struct appmon_session);

	s->v = v;
	v->memory = s;
	appmon_add_leaves(s, access);
	return driver_identity(v, &login, &s->identity, e) && access_basic(v, &login, &s->login, e);
}

void appmon_close(struct driver_session *v)
{
	secret_release(&appmon_of(v)->login);
}

/* ---- one request ---- */

static void appmon_set_purpose(struct exchange *x, const struct driver_session *v,
			       enum appmon_purpose purpose)
{
	x->reads = purpose == APPMON_ASKS;
	x->goes_on = purpose != APPMON_ASKS;
	/* libcurl repeats a request by itself when a kept connection ends without an answer */
	x->fresh = purpose == APPMON_ORDERS;
	x->goes_back = purpose == APPMON_PROVES || v->job->rolls_back;
}

static bool appmon_send(const struct appmon_session *s, struct conversation *c,
			const struct appmon_request *r, bool by_leaf, struct exchange *x,
			struct err *e)
{
	static char accepted[] = "text/xml, application/xml, application/json, */*";
	const struct secret accept = { (unsigned char *)accepted, sizeof(accepted) - 1 };
	const struct exchange_header headers[] = { { "Authorization", &s->login },
						   { "Accept", &accept } };

	exchange_clear(x);
	*e = (struct err){ 0 };
	x->origin = s->v->origin;
	x->method = r->method;
	x->path = r->path;
	x->identity = s->identity;
	x->leaves = by_leaf ? s->leaves : NULL;
	x->leaf_count = by_leaf ? s->leaf_count : 0;
	x->headers = headers;
	x->header_count = sizeof(headers) / sizeof(*headers);
	x->reply_limit = APPMON_TEXT_LIMIT;
	x->bulk = r->wanted == APPMON_ARCHIVE;
	x->timeout_ms = r->timeout_ms;
	appmon_set_purpose(x, s->v, r->purpose);

	bool good = batch_request(c, x, e);

	x->headers = NULL;
	x->header_count = 0;
	return good;
}

/* The reason that the Server gives, if it is one of its documents. */
static const char *appmon_reason(const struct appmon_session *s, const struct exchange *x,
				 struct arena *a)
{
	const struct exchange_header login = { "Authorization", &s->login };
	struct exchange shown = { .headers = &login, .header_count = 1 };
	struct appmon_document d = { 0 };
	struct err ignored = { 0 };

	if (!appmon_read((struct span){ x->reply.bytes, x->reply.len }, a, &d, &ignored) ||
	    d.form != APPMON_ERROR || !d.reason)
		return NULL;
	return arena_strdup(a, redact_words(s->v, &shown, d.reason, strlen(d.reason)));
}

static bool appmon_denied(const struct appmon_session *s, const struct exchange *x,
			  const char *reason, struct arena *a, struct appmon_reply *out)
{
	const char *user = text_escaped(a, driver_access(s->v)->appmon.user);
	const char *permission = appmon_permission(reason, a);

	if (x->status == STATUS_UNKNOWN_USER)
		out->denied = arena_printf(
			a,
			"401: the AppMon Server does not accept the account '%s'; correct user and password of 'access: appmon', or give it the permission 'Web Service Interface Access'",
			user);
	else if (x->status == STATUS_NOT_PERMITTED && permission)
		out->denied = arena_printf(
			a,
			"403: the account '%s' lacks the permission '%s' on the AppMon Server; give it that one",
			user, text_escaped(a, permission));
	else if (x->status == STATUS_NOT_PERMITTED)
		out->denied = arena_printf(
			a,
			"403: the AppMon Server does not let the account '%s' do this; give it the permission",
			user);
	return out->denied != NULL;
}

static bool appmon_take(const struct appmon_session *s, const struct exchange *x,
			const struct appmon_request *r, struct arena *a, struct appmon_reply *out,
			struct err *e)
{
	const char *reason = x->status == STATUS_GOOD ? NULL : appmon_reason(s, x, a);

	out->status = x->status;
	if (appmon_denied(s, x, reason, a, out))
		return err_set(e, ERR_REMOTE, "%s", out->denied);
	if (x->status != STATUS_GOOD)
		return err_set(e, ERR_REMOTE, "the AppMon Server answered %ld to %s %.*s%s%s",
			       x->status, r->method, (int)strcspn(r->path, "?"), r->path,
			       reason ? ": " : "", reason ? reason : "");
	if (!appmon_read((struct span){ x->reply.bytes, x->reply.len }, a, &out->document, e))
		return err_in(e, "cannot read what the AppMon Server answered to %s %.*s",
			      r->method, (int)strcspn(r->path, "?"), r->path);
	if (out->document.form == r->wanted)
		return true;
	return err_set(e, ERR_REMOTE, "the AppMon Server answered %s %.*s with something else",
		       r->method, (int)strcspn(r->path, "?"), r->path);
}

bool appmon_ask(const struct appmon_session *s, struct conversation *c,
		const struct appmon_request *r, struct arena *a, struct appmon_reply *out,
		struct err *e)
{
	bool pinned = driver_access(s->v)->appmon.pin_count > 0;
	AUTO(exchange) x = { 0 };
	bool good = appmon_send(s, c, r, pinned, &x, e);

	*out = (struct appmon_reply){ 0 };
	/* nothing was sent: so it is not asked twice */
	if (!good && x.untrusted && !pinned && s->leaf_count) {
		struct err by_leaf = { 0 };

		good = appmon_send(s, c, r, true, &x, &by_leaf);
		if (!good && !x.untrusted)
			*e = by_leaf;
		else if (good)
			*e = (struct err){ 0 };
	}
	return good && appmon_take(s, &x, r, a, out, e);
}

/* ---- lists ---- */

void appmon_sort(struct appmon_document *list)
{
	if (list->start_count)
		qsort((void *)list->starts, list->start_count, sizeof(*list->starts),
		      text_compare_two);
	if (list->collector_count)
		qsort((void *)list->collectors, list->collector_count, sizeof(*list->collectors),
		      text_compare_two);
}

const struct appmon_collector *appmon_find(const struct appmon_document *list, const char *name,
					   const char *host)
{
	const struct appmon_collector wanted = { .name = name, .host = host };

	return list->collector_count ? bsearch(&wanted, list->collectors, list->collector_count,
					       sizeof(*list->collectors), text_compare_two)
				     : NULL;
}

int64_t appmon_started(const struct appmon_document *archive, const char *name, const char *host)
{
	const struct appmon_start wanted = { .name = name, .host = host };
	const struct appmon_start *found =
		archive->start_count ? bsearch(&wanted, archive->starts, archive->start_count,
					       sizeof(*archive->starts), text_compare_two)
				     : NULL;

	return found ? found->started : 0;
}
