/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short texts of others: times, versions, names, hex, base64, tokens, and
 * what is done to any of them before it is shown.
 */
#include "harness.h"

#include "base/clock.h"
#include "base/text.h"
#include "config/load.h"
#include "config/netname.h"
#include "crypto/token.h"
#include "model/version.h"
#include "pki/issue.h"
#include "plan/builder.h"
#include "wire/route.h"

#include <stdlib.h>

static void show(const char *text, size_t len)
{
	AUTO(buf) out = { 0 };
	AUTO(buf) whole = { 0 };

	text_escape(&out, text, len);
	text_escape_whole(&whole, text, len);
	HOLDS(text_is_utf8(buf_text(&out), out.len));
	HOLDS(text_is_utf8(buf_text(&whole), whole.len));
	HOLDS(!memchr(buf_text(&whole), '\n', whole.len));
	text_percent(&whole, text);
}

static void decode(const char *text, size_t len)
{
	size_t room = text_unbase64_room(len);
	AUTO(secret) bytes = { 0 };
	AUTO(secret) given = secret_of(text, len);
	AUTO(secret) token = { 0 };
	size_t got = 0;
	uint8_t hash[32];
	struct err e = { 0 };

	secret_alloc(&bytes, room);
	if (text_unbase64(text, len, bytes.bytes, &got))
		HOLDS(got <= room);
	(void)text_unhex(text, hash, sizeof(hash));
	(void)text_is_fingerprint(text);
	if (token_from_text(&given, &token, &e))
		HOLDS(token.len == TOKEN_BYTES);
}

static void read_names(const char *text)
{
	AUTO(arena) a = { 0 };
	const struct allowed_client_arena to = { subject_canonical, &a };
	struct allowed_client caller = { 0 };
	struct plan_target target = { 0 };
	struct san san = { 0 };
	const char *host = NULL;
	const char *canonical = NULL;
	const char *again = NULL;
	const char *cn = NULL;
	uint16_t port = 0;
	struct err e = { 0 };

	(void)host_port_parse(&a, text, &host, &port);
	(void)san_parse(&a, text, &san);
	TRY(allowed_client_parse(text, &to, &caller, &e));
	TRY(target_parse(text, &target, &e));
	if (subject_canonical(text, &a, &canonical, &cn, &e)) {
		HOLDS(subject_canonical(canonical, &a, &again, &cn, &e));
		HOLDS(!strcmp(canonical, again));
	}
}

static void read_route(const char *text)
{
	AUTO(arena) a = { 0 };
	const char *component = NULL;
	enum route route = ROUTE_COUNT;

	if (route_find("GET", text, &a, &route, &component) == ROUTE_FOUND)
		HOLDS(route < ROUTE_COUNT && component);
}

static void read_times(const char *text)
{
	int64_t when = 0;
	char out[TIME_TEXT];

	if (time_parse(text, &when))
		time_format(when, out);
	if (duration_parse(text, &when)) {
		duration_words(when, out);
		duration_about(when, out);
	}
}

/* Two texts with a line "---" between them, for what compares. */
void fuzz_one(const uint8_t *bytes, size_t len)
{
	struct feed f = { bytes, len };
	AUTO(arena) a = { 0 };
	size_t size = 0;
	const char *text = feed_part(&f, &a, &size);
	const char *other = feed_part(&f, &a, NULL);
	const char *words[] = { other, "nginx", NULL };

	show(text, size);
	decode(text, size);
	read_names(text);
	read_route(text);
	read_times(text);
	version_in(text, &a);
	HOLDS(version_compare(text, other) == 0 ||
	      (version_compare(text, other) < 0) == (version_compare(other, text) > 0));
	text_nearest(text, words);
}

void fuzz_seeds(void)
{
	static const char *const texts[] = {
		"nginx version: nginx/1.22.1\n---\n1:1.22.1-2+deb12u1~rc1",
		"Redis server v=7.0.15 sha=00000000",
		"2026-11-23T08:00:00+01:30",
		"2026-11-23",
		"90d",
		"[::1]:443",
		"*.example.com:8443",
		"ip:10.0.0.5",
		"uri:https://example.com/x",
		"email:a@example.com",
		"CN=ops\\, a,O=Example\\20Shop+OU=x,C=AT",
		("spki:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
		"/v1/component/edge%2Fe1",
		"abcd-ef01-2345-6789-abcd-ef01-2345-6789",
		"SGVsbG8gd29ybGQ=",
		"a\x1b[31m\xe2\x80\xae\xc3\x28\xf0\x9f\x92\xa9",
		"edge/e1",
		"role:web",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		seed_text(texts[i]);
	seed_many("", "a", "");
	seed_many("", "1.", "");
	seed_many("", "~", "");
	seed_many("", "-", "");
	seed_many("", "\\", "");
	seed_many("CN=a", ",CN=a", "");
	seed_many("", "%41", "");
	seed_many("", "\x80", "");
	seed_many("", "AAAA", "");
	seed_many("", "a", "\n---\nb");
}
