/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/etcd_session.h"

#include "drivers/redact_reply.h"

#include <string.h>

enum {
	STATUS_OK = 200
};

void etcd_session_release(struct etcd_session *t)
{
	secret_release(&t->token);
	json_decref(t->reply);
	reported_pair_release(&t->held);
}

/* ---- key names ---- */

const char *etcd_name(const struct driver_session *v, const char *below)
{
	return arena_printf(v->job->arena, "%s/%s", etcd_of(v)->key, below);
}

const char *etcd_staged(const struct driver_session *v, const char *entry)
{
	return etcd_name(v, arena_printf(v->arena, "staged/%s/%s", v->job->fingerprint, entry));
}

const char *etcd_previous(const struct driver_session *v, const char *entry)
{
	return etcd_name(v, arena_printf(v->arena, "previous/%s", entry));
}

/* ---- one request ---- */

/* Sends `x`, which has its body; the session has the parsed reply. */
static bool etcd_post(struct driver_session *v, const char *path, struct exchange *x, struct err *e)
{
	struct etcd_session *t = etcd_session(v);

	x->method = "POST";
	x->path = path;
	x->identity = t->identity;
	x->headers = &t->header;
	x->header_count = t->token.len ? 1 : 0;
	if (!driver_request(v, x, e)) {
		t->unreached = e->code == ERR_REMOTE;
		return false;
	}
	if (x->status != STATUS_OK)
		return reply_refused(v, x, "error", e);
	json_decref(t->reply);
	t->reply = json_parse(x->reply.bytes, x->reply.len);
	return json_is_object(t->reply) ||
	       err_set(e, ERR_REMOTE, "'%s' does not answer like an etcd", x->origin);
}

bool etcd_send(struct driver_session *v, const struct etcd_txn *txn, struct err *e)
{
	AUTO(exchange) x = { .reads = !txn->writes };

	etcd_txn_body(txn, &x.body);
	return etcd_post(v, "/v3/kv/txn", &x, e);
}

/* ---- login ---- */

static bool etcd_log_in(struct driver_session *v, struct err *e)
{
	static const char name[] = "Authorization";
	const struct http_access *a = &etcd_of(v)->access;
	struct etcd_session *t = etcd_session(v);
	const struct secret *password = NULL;
	const json_t *token = NULL;
	AUTO(json) body = NULL;
	AUTO(exchange) x = { .reads = true };

	if (!driver_secret(v, &a->password, &password, e))
		return false;
	body = json_pack("{s:s, s:s%}", "name", a->user, "password", (const char *)password->bytes,
			 password->len);
	if (!body)
		return err_set(e, ERR_INPUT, "the password is not UTF-8 text");
	json_to_secret(body, &x.body);
	if (!etcd_post(v, "/v3/auth/authenticate", &x, e))
		return err_in(e, "cannot log in");
	token = json_object_get(t->reply, "token");
	if (!json_string_length(token) || strpbrk(json_string_value(token), "\r\n"))
		return err_set(e, ERR_REMOTE, "'%s' gives no token for the password", x.origin);
	secret_copy(&t->token, json_string_value(token), json_string_length(token));
	t->header = (struct exchange_header){ name, &t->token };
	return true;
}

bool etcd_session_begin(struct driver_session *v, struct err *e)
{
	const struct http_access *a = &etcd_of(v)->access;

	return driver_identity(v, a, &etcd_session(v)->identity, e) &&
	       (!a->user || etcd_log_in(v, e));
}
