/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/request.h"

#include "json/record.h"

#include <string.h>

void order_request_release(struct order_request *r)
{
	secret_release(&r->key);
}

static const struct member sent_cert_item[] = {
	BYTES_MEMBER("", struct der, bytes, len, .least = 1),
	{ 0 },
};

static const struct member pair_members[] = {
	LIST_MEMBER("certificates", struct order_request, set.certs, set.count, sent_cert_item,
		    .least = 1, .most = PAIR_LIMIT),
	BYTES_MEMBER("anchor", struct order_request, set.anchor.bytes, set.anchor.len,
		     .absent = ABSENT_NULL, .least = 1),
	SECRET_MEMBER("key", struct order_request, key),
	{ 0 },
};

static const struct member order_request_members[] = {
	TEXT_MEMBER("order", struct order_request, order),
	BYTES_MEMBER("signature", struct order_request, signature.bytes, signature.len, .least = 1),
	LIST_MEMBER("signer", struct order_request, signer, signer_count, sent_cert_item,
		    .least = 1, .most = SIGNER_LIMIT),
	GROUP_MEMBER("pair", pair_members, .absent = ABSENT_OMITTED),
	{ 0 },
};

void order_request_write(const struct order_request *r, const struct secret *key,
			 struct secret *out)
{
	struct order_request whole = *r;

	if (r->has_pair)
		whole.key = *key;
	else
		whole.set = (struct cert_set){ 0 };

	AUTO(json) json = json_encode(order_request_members, &whole);

	json_to_secret(json, out);
}

bool order_request_read(const struct secret *body, struct arena *a, struct order_request *out,
			struct err *e)
{
	AUTO(order_request) r = { 0 };
	AUTO(json) json = NULL;
	struct err why = { 0 };

	if (body->len > REQUEST_LIMIT)
		return err_set(e, ERR_INPUT, "the request is over %d bytes", REQUEST_LIMIT);
	json = json_parse(body->bytes, body->len);
	if (!json_decode(order_request_members, json, a, &r, &why))
		return err_set(e, ERR_INPUT, "the request is not well-formed: %s", why.text);
	r.order_len = strlen(r.order);
	r.has_pair = r.set.count > 0;
	*out = TAKE(r);
	return true;
}
