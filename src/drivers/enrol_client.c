/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/enrol_client.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "pki/enrol_tls.h"
#include "wire/enrol_message.h"

enum {
	ANSWER_MS = 30000, /* making a request and writing files is quick */
};

struct enrolling {
	struct link *link;
	struct secret token;
	struct secret request; /* message 2 */
	struct der csr;
};

void enrolling_close(struct enrolling *en)
{
	if (!en)
		return;
	link_close(en->link);
	secret_release(&en->token);
	secret_release(&en->request);
	free(en);
}

static struct enrol_bond bond_of(const struct enrolling *en)
{
	return (struct enrol_bond){ &en->token, link_binding(en->link), LINK_BINDING_BYTES };
}

static int64_t soon(void)
{
	return clock_mono_ms() + ANSWER_MS;
}

/* A stop and a silence are nobody's proof of anything. */
static bool no_proof(struct err *e)
{
	if (e->code == ERR_STOPPED)
		return false;
	return err_set(e, ERR_CRYPTO,
		       "the agent there has another token, or somebody stands between");
}

static bool ask(struct enrolling *en, struct err *e)
{
	AUTO(secret) hello = { 0 };
	const struct enrol_bond b = bond_of(en);
	const struct link_wait wait = { ENROL_REQUEST_LIMIT, soon() };

	enrol_hello_write(&b, &hello);
	if (!link_send(en->link, &hello, wait.end_ms, e) ||
	    !link_receive(en->link, &wait, &en->request, e) ||
	    !enrol_request_read(&b, &en->request, &en->csr))
		return no_proof(e);
	return true;
}

bool enrolling_open(const struct enrolling_target *to, struct enrolling **out, struct err *e)
{
	AUTO(enrolling) en = xcalloc(1, sizeof(*en));
	const struct link_target target = { to->host, to->port };

	if (!link_connect(&target, &en->link, e)) {
		if (e->code == ERR_CRYPTO)
			e->code = ERR_REMOTE;
		return false;
	}
	secret_copy(&en->token, to->token->bytes, to->token->len);
	if (!ask(en, e))
		return false;
	*out = TAKE(en);
	return true;
}

struct der enrolling_csr(const struct enrolling *en)
{
	return en->csr;
}

bool enrolling_grant(struct enrolling *en, const struct grant *grant, struct arena *a,
		     struct receipt *out, struct err *e)
{
	AUTO(secret) message = { 0 };
	AUTO(secret) answer = { 0 };
	const struct link_wait wait = { ENROL_RECEIPT_LIMIT, soon() };
	const struct enrol_bond b = bond_of(en);

	link_persist(en->link);
	enrol_grant_write(&b, grant, &message);
	return link_send(en->link, &message, wait.end_ms, e) &&
	       link_receive(en->link, &wait, &answer, e) &&
	       enrol_receipt_read(&b, &answer, a, out, e);
}

void enrolling_refuse(struct enrolling *en, const struct err *why)
{
	AUTO(secret) message = { 0 };
	const struct enrol_bond b = bond_of(en);
	struct err ignored = { 0 };

	link_persist(en->link);
	enrol_refusal_write(&b, why->text, &message);
	(void)!link_send(en->link, &message, soon(), &ignored);
}
