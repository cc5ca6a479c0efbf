/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/request.h"

#include "base/text.h"
#include "wire/json.h"

#include <string.h>

void order_request_release(struct order_request *r)
{
	secret_release(&r->key);
}

/* ---- writing ---- */

static json_t *pair_json(const struct cert_set *set, const struct secret *key)
{
	return json_pack("{so so so}", "certificates", json_ders(set->certs, set->count), "anchor",
			 set->anchor.len ? json_bytes(set->anchor.bytes, set->anchor.len)
					 : json_null(),
			 "key", json_bytes(key->bytes, key->len));
}

void order_request_write(const struct order_request *r, const struct secret *key,
			 struct secret *out)
{
	AUTO(json) json = json_pack("{ss% so so so*}", "order", r->order, r->order_len, "signature",
				    json_bytes(r->signature.bytes, r->signature.len), "signer",
				    json_ders(r->signer, r->signer_count), "pair",
				    r->has_pair ? pair_json(&r->set, key) : NULL);

	json_to_secret(json, out);
}

/* ---- reading ---- */

static bool request_read_key(const json_t *json, struct secret *out)
{
	size_t len = json_string_length(json);

	if (!json_is_string(json) || !len)
		return false;
	secret_alloc(out, text_unbase64_room(len));
	return text_unbase64(json_string_value(json), len, out->bytes, &out->len);
}

static bool request_read_pair(const json_t *json, struct arena *a, struct order_request *out)
{
	const json_t *anchor = json_object_get(json, "anchor");

	out->has_pair = true;
	return json_is_object(json) &&
	       json_read_ders(json_object_get(json, "certificates"), PAIR_LIMIT, a, &out->set.certs,
			      &out->set.count) &&
	       (json_is_null(anchor) || json_read_der(anchor, a, &out->set.anchor)) &&
	       request_read_key(json_object_get(json, "key"), &out->key);
}

static bool request_read_all(const json_t *json, struct arena *a, struct order_request *out)
{
	const json_t *order = json_object_get(json, "order");
	const json_t *pair = json_object_get(json, "pair");

	if (!json_is_string(order) ||
	    !json_read_der(json_object_get(json, "signature"), a, &out->signature) ||
	    !json_read_ders(json_object_get(json, "signer"), SIGNER_LIMIT, a, &out->signer,
			    &out->signer_count))
		return false;
	out->order = arena_strdup(a, json_string_value(order));
	out->order_len = json_string_length(order);
	return !pair || request_read_pair(pair, a, out);
}

bool order_request_read(const struct secret *body, struct arena *a, struct order_request *out,
			struct err *e)
{
	AUTO(order_request) r = { 0 };
	AUTO(json) json = NULL;

	if (body->len > REQUEST_LIMIT)
		return err_set(e, ERR_INPUT, "the request is over %d bytes", REQUEST_LIMIT);
	json = json_loadb((const char *)body->bytes, body->len, JSON_REJECT_DUPLICATES, NULL);
	if (!json || !request_read_all(json, a, &r))
		return err_set(e, ERR_INPUT, "the request is not well-formed");
	*out = TAKE(r);
	return true;
}
