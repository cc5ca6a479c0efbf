/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/etcd_session.h"

#include "base/text.h"

#include <string.h>

void etcd_txn_begin(struct etcd_txn *t)
{
	*t = (struct etcd_txn){ .compare = json_array(), .success = json_array() };
}

void etcd_txn_release(struct etcd_txn *t)
{
	json_decref(t->compare);
	json_decref(t->success);
	*t = (struct etcd_txn){ 0 };
}

static json_t *in_base64(const char *text)
{
	AUTO(buf) out = { 0 };

	text_base64(&out, text, strlen(text));
	return json_string(buf_text(&out));
}

/* ---- requests ---- */

void etcd_expect(struct etcd_txn *t, const char *key, const char *revision)
{
	json_array_append_new(t->compare, json_pack("{s:o, s:s, s:s}", "key", in_base64(key),
						    "target", "MOD", "mod_revision", revision));
}

static void etcd_keys_add(struct etcd_txn *t, const char *operation, json_t *request)
{
	json_array_append_new(t->success, json_pack("{s:o}", operation, request));
}

void etcd_put(struct etcd_txn *t, const char *key, const char *value)
{
	t->writes = true;
	etcd_keys_add(t, "request_put",
		      json_pack("{s:o, s:s}", "key", in_base64(key), "value", value));
}

void etcd_put_plain(struct etcd_txn *t, const char *key, const char *value)
{
	t->writes = true;
	etcd_keys_add(t, "request_put",
		      json_pack("{s:o, s:o}", "key", in_base64(key), "value", in_base64(value)));
}

static json_t *span(const char *key, const char *end)
{
	json_t *request = json_pack("{s:o}", "key", in_base64(key));

	if (end)
		json_object_set_new(request, "range_end", in_base64(end));
	return request;
}

void etcd_range(struct etcd_txn *t, const char *key, const char *end)
{
	etcd_keys_add(t, "request_range", span(key, end));
}

void etcd_range_names(struct etcd_txn *t, const char *key, const char *end)
{
	json_t *request = span(key, end);

	json_object_set_new(request, "keys_only", json_true());
	etcd_keys_add(t, "request_range", request);
}

void etcd_delete(struct etcd_txn *t, const char *key, const char *end)
{
	t->writes = true;
	etcd_keys_add(t, "request_delete_range", span(key, end));
}

void etcd_txn_body(const struct etcd_txn *t, struct secret *out)
{
	AUTO(json) whole = json_pack("{s:O, s:O}", "compare", t->compare, "success", t->success);

	json_to_secret(whole, out);
}

const char *etcd_prefix_end(struct arena *a, const char *prefix)
{
	char *end = arena_strdup(a, prefix);

	end[strlen(end) - 1]++;
	return end;
}

/* ---- the reply ---- */

static const json_t *find_in(const json_t *kvs, const json_t *key)
{
	for (size_t i = 0; i < json_array_size(kvs); i++) {
		const json_t *kv = json_array_get(kvs, i);

		if (json_equal(json_object_get(kv, "key"), key))
			return kv;
	}
	return NULL;
}

static const json_t *kvs_of(const json_t *response)
{
	return json_object_get(json_object_get(response, "response_range"), "kvs");
}

/* Prefers an entry with a value: a key may have been read by name only, too. */
const json_t *etcd_find(const json_t *reply, const char *key)
{
	AUTO(json) wanted = in_base64(key);
	const json_t *responses = json_object_get(reply, "responses");
	const json_t *found = NULL;

	for (size_t i = 0; i < json_array_size(responses); i++) {
		const json_t *kvs = kvs_of(json_array_get(responses, i));
		const json_t *kv = find_in(kvs, wanted);

		if (kv && (!found || json_object_get(kv, "value")))
			found = kv;
	}
	return found;
}

static const char *etcd_keys_text_of(const json_t *object, const char *name, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : otherwise;
}

const char *etcd_value(const json_t *found)
{
	return etcd_keys_text_of(found, "value", "");
}

bool etcd_plain(const json_t *found, struct secret *out)
{
	const char *value = etcd_value(found);
	size_t len = strlen(value);
	size_t got = 0;
	AUTO(secret) plain = { 0 };

	secret_alloc(&plain, text_unbase64_room(len));
	if (!text_unbase64(value, len, plain.bytes, &got))
		return false;
	secret_copy(out, plain.bytes, got);
	return true;
}

const char *etcd_revision(const json_t *found)
{
	return etcd_keys_text_of(found, "mod_revision", "0");
}

bool etcd_succeeded(const json_t *reply)
{
	return json_is_true(json_object_get(reply, "succeeded"));
}

static const char *key_text(const json_t *kv, struct arena *a)
{
	const char *key = etcd_keys_text_of(kv, "key", "");
	size_t len = strlen(key);
	size_t got = 0;
	char *text = arena_array(a, text_unbase64_room(len) + 1, 1);

	return text_unbase64(key, len, text, &got) ? text : "";
}

void etcd_each(const json_t *reply, struct arena *a, etcd_each_fn *fn, void *ctx)
{
	const json_t *responses = json_object_get(reply, "responses");

	for (size_t i = 0; i < json_array_size(responses); i++) {
		const json_t *kvs = kvs_of(json_array_get(responses, i));

		for (size_t k = 0; k < json_array_size(kvs); k++)
			fn(ctx, key_text(json_array_get(kvs, k), a));
	}
}
