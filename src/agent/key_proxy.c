/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/key_proxy.h"

#include "base/clock.h"

#include <string.h>

enum {
	CERTIFICATES = 10,
	ANSWER_MS = 5000, /* the whole network half blocks for that long */
};

/* Receives the next answer, whose client may be gone. */
static bool key_proxy_take_answer(struct key_proxy *k, int64_t end_ms, struct message *answer)
{
	struct err e = { 0 };

	if (!ipc_wait(&k->channel, end_ms, answer, &e)) {
		k->broken = e.code != ERR_BUSY;
		return false;
	}
	k->broken = answer->number != ++k->answered;
	return !k->broken;
}

/* Receives late answers to abandoned requests, without blocking. */
static bool take_late_answers(struct key_proxy *k)
{
	while (k->answered != k->asked) {
		AUTO(message) late = { 0 };

		if (!key_proxy_take_answer(k, 0, &late))
			return false;
	}
	return true;
}

bool key_proxy_ask(struct key_proxy *k, struct message *question, struct message *answer)
{
	struct err ignored = { 0 };
	uint32_t kind = question->kind;

	if (k->broken || !take_late_answers(k))
		return false;
	question->number = ++k->asked;
	if (!ipc_post(&k->channel, question, &ignored)) {
		k->broken = true;
		return false;
	}
	if (!key_proxy_take_answer(k, clock_mono_ms() + ANSWER_MS, answer))
		return false;
	k->broken = answer->kind != kind;
	return !k->broken;
}

static bool ask_revision(void *ctx, uint64_t *out)
{
	AUTO(message) question = { .kind = MESSAGE_REVISION };
	AUTO(message) answer = { 0 };
	struct fields f;

	if (!key_proxy_ask(ctx, &question, &answer))
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
	struct fields f;
	size_t count = 0;

	if (!key_proxy_ask(ctx, &question, &answer))
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
	unsigned char *copy = NULL;

	fields_put_number(&f, what->revision);
	fields_put_number(&f, (uint64_t)what->algorithm);
	fields_put_number(&f, what->hashed);
	fields_put(&f, what->text.bytes, what->text.len);
	if (!key_proxy_ask(ctx, &question, &answer))
		return false;
	copy = arena_alloc(a, answer.body.len);
	memcpy(copy, answer.body.bytes, answer.body.len);
	*signature = (struct der){ copy, answer.body.len };
	return true;
}

struct tls_key_holder key_proxy_holder(struct key_proxy *k)
{
	return (struct tls_key_holder){
		.ctx = k,
		.revision = ask_revision,
		.identity = ask_identity,
		.sign = key_proxy_ask_to_sign,
	};
}
