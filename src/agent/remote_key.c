/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/remote_key.h"

#include "agent/channel.h"

#include <string.h>

enum {
	CERTIFICATES = 10,
};

/* Asks and waits: the other half answers these before anything else. */
static bool ask(const struct channels *c, const struct message *question,
		struct message *answer)
{
	struct err ignored = { 0 };

	return channel_send(c->handshakes, question, &ignored) &&
	       channel_receive(c->handshakes, answer, &ignored) &&
	       answer->kind == question->kind;
}

static bool ask_revision(void *ctx, uint64_t *out)
{
	const struct message question = { .kind = MESSAGE_REVISION };
	AUTO(message) answer = { 0 };
	struct fields f;

	if (!ask(ctx, &question, &answer))
		return false;
	f = fields_of(&answer.body);
	*out = fields_number(&f);
	return !f.failed;
}

static bool ask_certificates(void *ctx, struct arena *a, struct cert_set *out)
{
	const struct message question = { .kind = MESSAGE_CERTIFICATES };
	AUTO(message) answer = { 0 };
	struct der *list = arena_array(a, CERTIFICATES, sizeof(*list));
	struct fields f;
	size_t count = 0;

	if (!ask(ctx, &question, &answer))
		return false;
	f = fields_of(&answer.body);
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
	*out = (struct cert_set){ .certs = list, .count = count };
	return true;
}

static bool ask_to_sign(void *ctx, const struct tls_signing *what,
			struct arena *a, struct der *signature)
{
	AUTO(message) question = { .kind = MESSAGE_SIGN };
	AUTO(message) answer = { 0 };
	struct fields f = fields_begin(&question.body, 24 + what->text.len);
	unsigned char *copy = NULL;

	fields_put_number(&f, what->revision);
	fields_put_number(&f, (uint64_t)what->algorithm);
	fields_put_number(&f, what->hashed);
	fields_put(&f, what->text.bytes, what->text.len);
	if (!ask(ctx, &question, &answer))
		return false;
	copy = arena_alloc(a, answer.body.len);
	memcpy(copy, answer.body.bytes, answer.body.len);
	*signature = (struct der){ copy, answer.body.len };
	return true;
}

struct tls_key_holder remote_key(const struct channels *c)
{
	return (struct tls_key_holder){
		.ctx = (void *)c,
		.revision = ask_revision,
		.certificates = ask_certificates,
		.sign = ask_to_sign,
	};
}
