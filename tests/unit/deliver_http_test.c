/* SPDX-License-Identifier: Apache-2.0 */
/* How a component was reached, through the text that the state keeps. */
#include "drivers/driver.h"
#include "test.h"

#include "model/http_spec.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* States of earlier versions hold these texts. */
static void assert_kept(const struct deliver *d, const char *text)
{
	AUTO(arena) a = { 0 };

	assert_string_equal(deliver_to_text(d, &a), text);
}

static struct deliver there_and_back(const struct deliver *d, struct arena *a)
{
	struct deliver out = { 0 };
	struct err e = { 0 };

	must(deliver_from_text(deliver_to_text(d, a), a, &out, &e), &e);
	assert_int_equal(out.kind, d->kind);
	return out;
}

TEST(a_caddy_comes_back)
{
	AUTO(arena) a = { 0 };
	const struct caddy caddy = { "http://127.0.0.1:2019", "site" };
	const struct deliver d = { .kind = DRIVER_CADDY, .caddy = &caddy };
	struct deliver back = there_and_back(&d, &a);

	assert_kept(
		&d,
		"{\"caddy\":{\"admin\":\"http://127.0.0.1:2019\",\"id\":\"site\"},\"files\":{\"plain\":false,\"unsafe_directory\":false}}");
	assert_string_equal(back.caddy->admin, caddy.admin);
	assert_string_equal(back.caddy->id, caddy.id);
}

static const char *const argv[] = { "get", "it", NULL };

TEST(an_etcd_comes_back)
{
	AUTO(arena) a = { 0 };
	static const char *const endpoints[] = { "https://a", "https://b", NULL };
	const struct etcd etcd = { .endpoints = endpoints,
				   .key = "/tls/site",
				   .access = { .ca = "/ca.pem",
					       .certificate = "/me.pem",
					       .key = { SECRET_COMMAND, NULL, argv },
					       .user = "me",
					       .password = { SECRET_ENV, "CERTFLEET_X", NULL } } };
	const struct deliver d = { .kind = DRIVER_ETCD, .etcd = &etcd };
	const struct etcd *back = there_and_back(&d, &a).etcd;

	assert_kept(
		&d,
		"{\"etcd\":{\"ca\":\"/ca.pem\",\"certificate\":\"/me.pem\",\"endpoints\":[\"https://a\",\"https://b\"],\"key\":\"/tls/site\",\"own_key\":{\"command\":[\"get\",\"it\"]},\"password\":{\"env\":\"CERTFLEET_X\"},\"user\":\"me\"},\"files\":{\"plain\":false,\"unsafe_directory\":false}}");
	assert_string_equal(back->endpoints[1], "https://b");
	assert_null(back->endpoints[2]);
	assert_string_equal(back->key, "/tls/site");
	assert_string_equal(back->access.ca, "/ca.pem");
	assert_string_equal(back->access.certificate, "/me.pem");
	assert_int_equal(back->access.key.kind, SECRET_COMMAND);
	assert_string_equal(back->access.key.argv[1], "it");
	assert_null(back->access.key.argv[2]);
	assert_string_equal(back->access.user, "me");
	assert_int_equal(back->access.password.kind, SECRET_ENV);
	assert_string_equal(back->access.password.name, "CERTFLEET_X");
}

TEST(a_host_over_ssh_and_a_haproxy_come_back)
{
	AUTO(arena) a = { 0 };
	const struct deliver ssh = {
		.kind = DRIVER_SFTP,
		.files = { .directory = "/d" },
		.sftp = { .origin = "sftp://h:22", .user = "u", .host = "h", .port = 22 }
	};
	const struct deliver proxy = { .kind = DRIVER_HAPROXY,
				       .files = { .combined = "/c" },
				       .haproxy = { .socket = "/s", .certificate = "/c" } };

	assert_string_equal(there_and_back(&ssh, &a).files.directory, "/d");
	assert_string_equal(there_and_back(&proxy, &a).haproxy.socket, "/s");
	assert_kept(
		&ssh,
		"{\"files\":{\"directory\":\"/d\",\"plain\":false,\"unsafe_directory\":false},\"sftp\":{\"host\":\"h\",\"origin\":\"sftp://h:22\",\"port\":22,\"user\":\"u\"}}");
	assert_kept(
		&proxy,
		"{\"files\":{\"combined\":\"/c\",\"plain\":false,\"unsafe_directory\":false},\"haproxy\":{\"socket\":\"/s\"}}");
}

TEST(of_an_api_what_removes_comes_back)
{
	AUTO(arena) a = { 0 };
	const struct http_piece pieces[] = { { .text = "/a" }, { .text = "/b?c" } };
	const unsigned expect[] = { 200, 404, 0 };
	const struct http_header headers[] = {
		{ .name = "X-A", .text = { pieces, 1 } },
		{ .name = "X-B", .secret = { SECRET_FILE, "/s", NULL } },
	};
	const struct http_request remove = { .method = HTTP_DELETE,
					     .url.path = { pieces, 2 },
					     .headers = headers,
					     .header_count = 2,
					     .expect = expect,
					     .timeout = 7,
					     .json = { pieces, 1 } };
	const struct http http = {
		.origin = "https://a",
		.requests = { [DECLARED_COMMIT] = &remove, [DECLARED_REMOVE] = &remove }
	};
	const struct deliver d = { .kind = DRIVER_HTTP, .http = &http };
	const struct http *back = there_and_back(&d, &a).http;
	const struct http_request *r = back->requests[DECLARED_REMOVE];

	assert_kept(
		&d,
		"{\"files\":{\"plain\":false,\"unsafe_directory\":false},\"http\":{\"origin\":\"https://a\",\"remove\":{\"expect\":[200,404],\"headers\":[{\"name\":\"X-A\",\"text\":\"/a\"},{\"name\":\"X-B\",\"secret\":{\"file\":\"/s\"}}],\"json\":\"/a\",\"method\":4,\"path\":\"/a/b?c\",\"timeout\":7}}}");
	assert_string_equal(back->origin, "https://a");
	assert_null(back->requests[DECLARED_COMMIT]);
	assert_null(back->requests[DECLARED_PROBE]);
	assert_int_equal(r->method, HTTP_DELETE);
	assert_string_equal(r->url.path.pieces[0].text, "/a/b?c");
	assert_int_equal(r->header_count, 2);
	assert_string_equal(r->headers[0].text.pieces[0].text, "/a");
	assert_string_equal(r->headers[1].secret.name, "/s");
	assert_int_equal(r->expect[1], 404);
	assert_int_equal(r->expect[2], 0);
	assert_int_equal(r->timeout, 7);
	assert_int_equal(r->body.count, 0);
	assert_string_equal(r->json.pieces[0].text, "/a");
}

TEST(of_commands_what_removes_comes_back)
{
	AUTO(arena) a = { 0 };
	const struct commands commands = { .argv = { [DECLARED_PROBE] = argv,
						     [DECLARED_COMMIT] = argv,
						     [DECLARED_REMOVE] = argv },
					   .timeout = 7 };
	const struct deliver d = { .kind = DRIVER_COMMAND, .command = &commands };
	const struct commands *back = there_and_back(&d, &a).command;

	assert_string_equal(back->argv[DECLARED_PROBE][1], "it");
	assert_string_equal(back->argv[DECLARED_REMOVE][0], "get");
	assert_null(back->argv[DECLARED_REMOVE][2]);
	assert_null(back->argv[DECLARED_COMMIT]);
	assert_int_equal(back->timeout, 7);
}

/* A state that somebody has been at. */
TEST(texts_that_say_too_little_reach_nobody)
{
	static const char *const odd[] = {
		"{\"files\":{},\"caddy\":{\"admin\":7}}",
		"{\"files\":{},\"etcd\":{\"endpoints\":[],\"key\":\"/a\"}}",
		"{\"files\":{},\"etcd\":{\"endpoints\":\"x\"}}",
		"{\"files\":{},\"http\":{}}",
		"{\"files\":{},\"command\":{\"probe\":[],\"timeout\":60}}",
		"{\"files\":{},\"command\":{\"probe\":[\"a\"],\"timeout\":0}}",
		"{\"files\":{},\"http\":[]}",
		"{\"files\":{},\"http\":{\"origin\":\"https://a\"}}",
		"{\"files\":{},\"http\":{\"origin\":\"https://a\",\"remove\":{\"method\":9}}}",
	};
	AUTO(arena) a = { 0 };

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct deliver out = { 0 };
		struct err e = { 0 };

		assert_false(deliver_from_text(odd[i], &a, &out, &e));
		assert_int_equal(e.code, ERR_IO);
	}
}
