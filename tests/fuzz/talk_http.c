/* SPDX-License-Identifier: Apache-2.0 */
/* What an API answers to the driver `http`. */
#include "talk.h"

#include "drivers/driver_table.h"
#include "drivers/json_pointer.h"
#include "json/value.h"

static const struct talk_partner partner = {
	.driver = &http_driver,
	.deliver =
		"{http: {ca: ca.pem, user: api, password: {env: CERTFLEET_A}, probe: {url: \"https://h.example/p\", fingerprint: /certs/0/sha256~1hex, version: /version}, stage: {url: \"https://h.example/s\", json: {pem: \"${fullchain}\", key: \"${key}\"}}, commit: {url: \"https://h.example/c/${fingerprint}\", expect: [200, 204, 404]}, abort: {url: \"https://h.example/a\"}, remove: {url: \"https://h.example/r\", method: DELETE}}}",
};

/* A pointer, a line "---", and a document. */
static void point(const uint8_t *bytes, size_t len)
{
	struct feed f = { bytes, len };
	AUTO(arena) a = { 0 };
	const char *pointer = feed_part(&f, &a, NULL);
	AUTO(secret) text = secret_of(f.at, f.left);
	AUTO(json) document = json_parse(text.bytes, text.len);

	json_at(document, pointer);
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	if (len && *bytes == '/')
		point(bytes, len);
	else
		talk(&partner, bytes, len);
}

#define NEXT "\n---\n"
#define PROBED "00{\"version\":\"v1.2\",\"certs\":[{\"sha256/hex\":\"%f\"}]}"
#define HELD "00{\"version\":\"v1.2\",\"certs\":[{\"sha256/hex\":\"%c\"}]}"

void fuzz_seeds(void)
{
	talk_seed(PROBED NEXT "00" NEXT PROBED NEXT "00{}");
	talk_seed(HELD NEXT "10" NEXT HELD);
	talk_seed("20{\"version\":\"x\"}" NEXT "00" NEXT "20" NEXT "00");
	talk_seed("50{\"error\":\"a-secret-of-the-api\"}");
	talk_seed("00{\"certs\":[{\"sha256/hex\":null}]}" NEXT
		  "50-----BEGIN PRIVATE KEY-----" NEXT);
	talk_seed("00{\"certs\":[{\"sha256/hex\":\"AA:BB\"}]}" NEXT "80");
	seed_text("/certs/0/a~1b~0\n---\n{\"certs\":[{\"a/b~\":1}]}");
	seed_many("00100{\"certs\":[{\"sha256/hex\":\"", "AA:", "\"}]}");
	seed_many("00150", "a", "");
	seed_many("00150", "Aa0 ", "");
	seed_many("00150", "\x1b", "");
	seed_many("/", "/a", "\n---\n{}");
	seed_many("001", "00\n---\n", "");
}
