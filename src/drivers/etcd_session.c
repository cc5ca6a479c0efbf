/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/etcd_session.h"

#include "drivers/redact_reply.h"

#include <string.h>

enum {
	STATUS_OK = 200
};

bool etcd_talk_begin(struct visit *v, struct err *e)
{
	struct etcd_talk *t = ARENA_NEW(v->arena, struct etcd_talk);

	v->memory = t;
	return visit_identity(v, &etcd_of(v)->access, &t->identity, e);
}

void etcd_talk_end(struct visit *v)
{
	struct etcd_talk *t = etcd_talk(v);

	secret_release(&t->token);
	json_decref(t->reply);
	reported_pair_release(&t->held);
}

/* ---- key names ---- */

const char *etcd_name(const struct visit *v, const char *below)
{
	return arena_printf(v->job->arena, "%s/%s", etcd_of(v)->key, below);
}

const char *etcd_staged(const struct visit *v, const char *entry)
{
	return etcd_name(v, arena_printf(v->arena, "staged/%s/%s", v->job->fingerprint, entry));
}

const char *etcd_previous(const struct visit *v, const char *entry)
{
	return etcd_name(v, arena_printf(v->arena, "previous/%s", entry));
}

/* ---- one request ---- */

static enum turn ask_path(const struct visit *v, struct exchange *ask, const char *path)
{
	const struct etcd_talk *t = etcd_talk(v);

	ask->method = "POST";
	ask->path = path;
	ask->identity = t->identity;
	ask->headers = &t->header;
	ask->header_count = t->token.len ? 1 : 0;
	return TURN_ASK;
}

enum turn etcd_ask(const struct visit *v, struct exchange *ask, const struct etcd_txn *txn)
{
	etcd_txn_body(txn, &ask->body);
	return ask_path(v, ask, "/v3/kv/txn");
}

bool etcd_take(struct visit *v, struct err *e)
{
	struct etcd_talk *t = etcd_talk(v);

	if (v->reply->error.code) {
		*e = v->reply->error;
		return false;
	}
	if (v->reply->status != STATUS_OK)
		return reply_refused(v, "error", e) != TURN_FAILED;
	json_decref(t->reply);
	t->reply = json_parse(v->reply->reply.bytes, v->reply->reply.len);
	return json_is_object(t->reply) ||
	       err_set(e, ERR_REMOTE, "'%s' does not answer like an etcd", v->reply->origin);
}

/* ---- login ---- */

bool etcd_needs_login(const struct visit *v)
{
	return etcd_of(v)->access.user != NULL;
}

enum turn etcd_ask_login(struct visit *v, struct exchange *ask, struct err *e)
{
	const struct http_access *a = &etcd_of(v)->access;
	const struct secret *password = NULL;
	AUTO(json) body = NULL;

	if (!visit_secret(v, &a->password, &password, e))
		return TURN_FAILED;
	body = json_pack("{s:s, s:s%}", "name", a->user, "password", (const char *)password->bytes,
			 password->len);
	if (!body) {
		err_set(e, ERR_INPUT, "the password is not UTF-8 text");
		return TURN_FAILED;
	}
	json_to_secret(body, &ask->body);
	return ask_path(v, ask, "/v3/auth/authenticate");
}

bool etcd_take_token(struct visit *v, struct err *e)
{
	static const char name[] = "Authorization";
	struct etcd_talk *t = etcd_talk(v);
	const json_t *token = NULL;

	if (!etcd_take(v, e))
		return err_in(e, "cannot log in");
	token = json_object_get(t->reply, "token");
	if (!json_string_length(token) || strpbrk(json_string_value(token), "\r\n"))
		return err_set(e, ERR_REMOTE, "'%s' gives no token for the password",
			       v->reply->origin);
	secret_copy(&t->token, json_string_value(token), json_string_length(token));
	t->header = (struct exchange_header){ name, &t->token };
	return true;
}
