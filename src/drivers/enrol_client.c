/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/enrol_client.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "pki/enrol_tls.h"
#include "wire/enrol_message.h"

enum {
	ANSWER_MS = 30000, /* ample time for the agent to make a CSR or write files */
};

struct enrol_client {
	struct enrol_tls *link;
	struct secret token;
	struct secret request; /* message 2 of the protocol */
	struct der csr;
};

void enrol_client_close(struct enrol_client *en)
{
	if (!en)
		return;
	enrol_tls_close(en->link);
	secret_release(&en->token);
	secret_release(&en->request);
	free(en);
}

static struct enrol_auth enrol_client_auth(const struct enrol_client *en)
{
	return (struct enrol_auth){ &en->token, enrol_tls_binding(en->link),
				    ENROL_TLS_BINDING_BYTES };
}

static int64_t soon(void)
{
	return clock_mono_ms() + ANSWER_MS;
}

/* Any failure but a stop means that the agent has not proven the token. */
static bool no_proof(struct err *e)
{
	const struct err why = *e;

	if (why.code == ERR_STOPPED)
		return false;
	return err_set(
		e, ERR_CRYPTO,
		"the agent there has not proven the token%s%s: it has another token, or the connection is intercepted",
		why.code ? ", " : "", why.code ? why.text : "");
}

static bool enrol_client_request(struct enrol_client *en, struct err *e)
{
	AUTO(secret) hello = { 0 };
	const struct enrol_auth b = enrol_client_auth(en);
	const struct enrol_tls_wait wait = { ENROL_REQUEST_LIMIT, soon() };

	enrol_hello_write(&b, &hello);
	if (!enrol_tls_send(en->link, &hello, wait.end_ms, e) ||
	    !enrol_tls_receive(en->link, &wait, &en->request, e) ||
	    !enrol_request_read(&b, &en->request, &en->csr))
		return no_proof(e);
	return true;
}

bool enrol_client_open(const struct enrol_client_target *to, struct enrol_client **out,
		       struct err *e)
{
	AUTO(enrol_client) en = xcalloc(1, sizeof(*en));
	const struct enrol_tls_target target = { to->host, to->port };

	if (!enrol_tls_connect(&target, &en->link, e)) {
		if (e->code == ERR_CRYPTO)
			e->code = ERR_REMOTE;
		return false;
	}
	secret_copy(&en->token, to->token->bytes, to->token->len);
	if (!enrol_client_request(en, e))
		return false;
	*out = TAKE(en);
	return true;
}

struct der enrol_client_csr(const struct enrol_client *en)
{
	return en->csr;
}

bool enrol_client_grant(struct enrol_client *en, const struct grant *grant, struct arena *a,
			struct receipt *out, struct err *e)
{
	AUTO(secret) message = { 0 };
	AUTO(secret) answer = { 0 };
	const struct enrol_tls_wait wait = { ENROL_RECEIPT_LIMIT, soon() };
	const struct enrol_auth b = enrol_client_auth(en);

	enrol_tls_persist(en->link);
	enrol_grant_write(&b, grant, &message);
	return enrol_tls_send(en->link, &message, wait.end_ms, e) &&
	       enrol_tls_receive(en->link, &wait, &answer, e) &&
	       enrol_receipt_read(&b, &answer, a, out, e);
}

void enrol_client_refuse(struct enrol_client *en, const struct err *why)
{
	AUTO(secret) message = { 0 };
	const struct enrol_auth b = enrol_client_auth(en);
	struct err ignored = { 0 };

	enrol_tls_persist(en->link);
	enrol_refusal_write(&b, why->text, &message);
	(void)!enrol_tls_send(en->link, &message, soon(), &ignored);
}
