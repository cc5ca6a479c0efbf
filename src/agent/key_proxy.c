/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/network_half.h"

#include <string.h>

enum {
	CERTIFICATES = 10,
};

static bool ask_revision(void *ctx, uint64_t *out)
{
	AUTO(message) question = { .kind = MESSAGE_REVISION };
	AUTO(message) answer = { 0 };
	struct err ignored = { 0 };
	struct fields f;

	if (!ipc_ask(ctx, &question, &answer, &ignored))
		return false;
	f = fields_of(&answer.body);
	*out = fields_number(&f);
	return !f.failed;
}

static bool ask_identity(void *ctx, struct arena *a, struct tls_identity *out)
{
	AUTO(message) question = { .kind = MESSAGE_IDENTITY };
	AUTO(message) answer = { 0 };
	struct der *list = arena_array(a, CERTIFICATES, sizeof(*list));
	struct err ignored = { 0 };
	struct fields f;
	size_t count = 0;

	if (!ipc_ask(ctx, &question, &answer, &ignored))
		return false;
	f = fields_of(&answer.body);
	out->revision = fields_number(&f);
	while (f.at < f.body->len && count < CERTIFICATES) {
		size_t len = fields_number(&f);
		const unsigned char *bytes = fields_bytes(&f, len);
		unsigned char *copy = NULL;

		if (!bytes)
			return false;
		copy = arena_alloc(a, len);
		memcpy(copy, bytes, len);
		list[count++] = (struct der){ copy, len };
	}
	out->set = (struct cert_set){ .certs = list, .count = count };
	return !f.failed;
}

static bool key_proxy_ask_to_sign(void *ctx, const struct tls_signing *what, struct arena *a,
				  struct der *signature)
{
	AUTO(message) question = { .kind = MESSAGE_SIGN };
	AUTO(message) answer = { 0 };
	struct fields f = fields_begin(&question.body, 24 + what->text.len);
	struct err ignored = { 0 };
	unsigned char *copy = NULL;

	fields_put_number(&f, what->revision);
	fields_put_number(&f, (uint64_t)what->algorithm);
	fields_put_number(&f, what->hashed);
	fields_put(&f, what->text.bytes, what->text.len);
	if (!ipc_ask(ctx, &question, &answer, &ignored))
		return false;
	copy = arena_alloc(a, answer.body.len);
	memcpy(copy, answer.body.bytes, answer.body.len);
	*signature = (struct der){ copy, answer.body.len };
	return true;
}

struct tls_key_holder key_proxy_holder(struct ipc *handshakes)
{
	return (struct tls_key_holder){
		.ctx = handshakes,
		.revision = ask_revision,
		.identity = ask_identity,
		.sign = key_proxy_ask_to_sign,
	};
}
