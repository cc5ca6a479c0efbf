/* SPDX-License-Identifier: Apache-2.0 */
/* What an etcd answers over its JSON gateway. */
#include "talk.h"

#include "drivers/driver_table.h"

static const struct talk_partner partner = {
	.driver = &etcd_driver,
	.deliver =
		"{etcd: {endpoints: [\"https://e1.example:2379\"], key: /tls/site, ca: ca.pem, user: certfleet, password: {env: CERTFLEET_E}}}",
};

void fuzz_one(const uint8_t *bytes, size_t len)
{
	talk(&partner, bytes, len);
}

#define NEXT "\n---\n"
#define LOGIN "00{\"header\":{},\"token\":\"t.1\"}" NEXT

static void put_entry(struct buf *out, const char *prefix, const char *name, const char *value)
{
	AUTO(buf) key = { 0 };

	buf_printf(&key, "/tls/site/%s%s", prefix, name);
	buf_puts(out, "{\"key\":\"");
	text_base64(out, key.data, key.len);
	buf_printf(out, "\",\"mod_revision\":\"7\",\"value\":\"%s\"},", value);
}

/* A reply to a range over everything, with a pair beneath these. */
static void put_pairs(struct buf *out, const char *const *prefixes)
{
	AUTO(buf) hex = { 0 };

	text_base64(&hex, fuzz_pair()->facts.fingerprint, 64);
	buf_puts(out, "00{\"succeeded\":true,\"responses\":[{\"response_range\":{\"kvs\":[");
	for (; *prefixes; prefixes++) {
		put_entry(out, *prefixes, "certificate", "%b");
		put_entry(out, *prefixes, "chain", "");
		put_entry(out, *prefixes, "fullchain", "%b");
		put_entry(out, *prefixes, "key", "%B");
		put_entry(out, *prefixes, "fingerprint", buf_text(&hex));
	}
	put_entry(out, "", "revision", "Nw==");
	out->data[--out->len] = '\0';
	buf_puts(out, "]}}]}" NEXT);
}

static void seed_pairs(const char *const *prefixes)
{
	AUTO(buf) out = { 0 };
	AUTO(buf) moved = { 0 };

	buf_puts(&out, LOGIN);
	put_pairs(&out, prefixes);
	buf_puts(&moved, out.data);
	buf_puts(&moved, "00{\"succeeded\":false}" NEXT);
	put_pairs(&moved, prefixes);
	talk_seed(moved.data);
	put_pairs(&out, prefixes);
	put_pairs(&out, prefixes);
	talk_seed(out.data);
}

void fuzz_seeds(void)
{
	AUTO(arena) a = { 0 };
	const char *staged = arena_printf(&a, "staged/%s/", fuzz_pair()->facts.fingerprint);

	seed_pairs((const char *const[]){ "", NULL });
	seed_pairs((const char *const[]){ staged, NULL });
	seed_pairs((const char *const[]){ "", staged, "previous/", NULL });
	seed_pairs((const char *const[]){ "previous/", NULL });
	talk_seed("40{\"error\":\"authentication failed\",\"code\":3}" NEXT);
	talk_seed(LOGIN "00{\"succeeded\":false}" NEXT "00{}" NEXT);
	talk_seed(LOGIN "50{\"error\":\"etcdserver: too many\"}" NEXT "80");
	seed_many("00100{\"token\":\"t\"}\n---\n00{\"responses\":[{\"response_range\":{\"kvs\":[",
		  "{\"key\":\"YQ==\"},", "{}]}}]}");
	seed_many("60100{\"token\":\"t\"}\n---\n00{\"responses\":[", "{},", "{}]}");
}
