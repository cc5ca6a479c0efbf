/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/client_cache.h"

void client_cache_release(struct client_cache *c)
{
	client_auth_free(TAKE(c->clients));
	arena_release(&c->arena);
	c->arena = (struct arena){ 0 };
	c->list = (struct agent_config){ 0 };
}

static bool client_cache_read_client(struct fields *f, struct arena *a, struct allowed_client *out)
{
	bool is_spki = fields_number(f) != 0;
	size_t len = fields_number(f);
	const unsigned char *bytes = fields_bytes(f, len);
	const char *text = NULL;

	if (!bytes)
		return false;
	text = arena_strndup(a, (const char *)bytes, len);
	*out = (struct allowed_client){ .spki = is_spki ? text : NULL,
					.name = is_spki ? NULL : text };
	return true;
}

/* An invalid list allows no client. */
static void client_cache_read_grants(struct client_cache *c, struct secret *body)
{
	struct fields f = fields_of(body);
	uint64_t revision = fields_number(&f);
	uint64_t count = fields_number(&f);
	struct allowed_client *list = NULL;
	const unsigned char *authority = NULL;
	struct err ignored = { 0 };
	size_t len = 0;

	client_cache_release(c);
	c->revision = revision;
	if (f.failed || !count || count > ALLOW_LIMIT)
		return;
	list = arena_array(&c->arena, count, sizeof(*list));
	for (size_t i = 0; i < count; i++)
		if (!client_cache_read_client(&f, &c->arena, &list[i]))
			return;
	authority = fields_rest(&f, &len);
	c->list.clients = list;
	c->list.client_count = count;
	(void)!client_auth_new(&c->list, (const char *)authority, len, &c->clients, &ignored);
}

bool client_cache_refresh(struct client_cache *c)
{
	AUTO(message) question = { .kind = MESSAGE_REVISION };
	AUTO(message) answer = { 0 };
	AUTO(message) list_question = { .kind = MESSAGE_GRANTS };
	AUTO(message) list = { 0 };
	struct fields f;
	uint64_t revision = 0;

	if (!key_proxy_ask(c->key, &question, &answer))
		return false;
	f = fields_of(&answer.body);
	(void)fields_number(&f);
	revision = fields_number(&f);
	if (f.failed)
		return false;
	if (revision == c->revision)
		return true;
	if (!key_proxy_ask(c->key, &list_question, &list))
		return false;
	client_cache_read_grants(c, &list.body);
	return true;
}
