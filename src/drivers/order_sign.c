/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/order_sign.h"

#include "base/alloc.h"
#include "base/trusted_file.h"
#include "pki/pair.h"
#include "pki/signature.h"

#include <string.h>

struct order_signer {
	struct arena arena;
	struct identity *identity;
	struct signing_key *key;
	struct cert_set set;
};

static bool order_sign_read_files(const struct agent_access *access, struct order_signer *op,
				  struct err *e)
{
	AUTO(secret) authorities = { 0 };
	AUTO(secret) certificate = { 0 };
	AUTO(secret) key_pem = { 0 };
	AUTO(secret) key = { 0 };
	const struct identity_texts texts = { &authorities, &certificate, &key_pem };

	if (!trusted_file_read(access->ca, TRUSTED_PUBLIC, INPUT_FILE_LIMIT, &authorities, e) ||
	    !pem_file_certs(access->certificate, &op->arena, &certificate, &op->set, e) ||
	    !pem_file_key(access->key, &key_pem, &key, e))
		return false;
	if (op->set.count > SIGNER_LIMIT)
		return err_set(e, ERR_INPUT, "'%s' must hold 1 to %d certificates",
			       access->certificate, SIGNER_LIMIT);
	return signing_key_open(&key, &op->key, e) && identity_new(&texts, &op->identity, e);
}

bool order_signer_open(const struct agent_access *access, struct order_signer **out, struct err *e)
{
	AUTO(order_signer) op = xcalloc(1, sizeof(*op));

	if (!order_sign_read_files(access, op, e)) {
		err_in(e, "cannot use 'access: {agent: ...}'");
		return err_remedy(e, "correct the file, or its path in the fleet file");
	}
	*out = TAKE(op);
	return true;
}

void order_signer_close(struct order_signer *op)
{
	if (!op)
		return;
	identity_free(op->identity);
	signing_key_close(op->key);
	arena_release(&op->arena);
	free(op);
}

const struct identity *order_signer_identity(const struct order_signer *op)
{
	return op->identity;
}

bool order_signer_sign(const struct order_signer *op, const struct signed_order *s,
		       struct secret *out, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *text = order_text(s->order, &a);
	const char *meant = arena_printf(&a, ORDER_PURPOSE "%s", text);
	struct order_request r = { .order = text,
				   .order_len = strlen(text),
				   .signer = op->set.certs,
				   .signer_count = op->set.count,
				   .has_pair = s->set != NULL };

	if (!signing_key_sign(op->key, (struct der){ (const unsigned char *)meant, strlen(meant) },
			      &a, &r.signature, e))
		return false;
	if (s->set)
		r.set = *s->set;
	order_request_write(&r, s->key, out);
	return true;
}
