/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery record: how a component was reached, as JSON text in the state, so
 * that a component can be retired after it left the fleet file.
 */
#include "base/alloc.h"
#include "base/buf.h"
#include "engine/internal.h"
#include "model/http_spec.h"
#include "json/record.h"

#include <limits.h>
#include <string.h>

/* ---- secret references ---- */

/* Exactly one member is set. */
struct secret_words {
	const char *env;
	const char *file;
	const char *const *command;
};

static const struct member secret_words_members[] = {
	TEXT_MEMBER("env", struct secret_words, env, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("file", struct secret_words, file, .absent = ABSENT_OMITTED),
	WORDS_MEMBER("command", struct secret_words, command, .absent = ABSENT_OMITTED),
	{ 0 },
};

static json_t *write_secret_ref(const void *slot, size_t index)
{
	const struct secret_ref *s = slot;
	struct secret_words words = { 0 };

	(void)index;
	switch (s->kind) {
	case SECRET_NONE:
		return NULL;
	case SECRET_ENV:
		words.env = s->name;
		break;
	case SECRET_FILE:
		words.file = s->name;
		break;
	case SECRET_COMMAND:
		words.command = s->argv;
		break;
	}
	return json_encode(secret_words_members, &words);
}

static bool read_secret_ref(const json_t *value, struct arena *a, void *slot)
{
	struct secret_words words = { 0 };
	struct secret_ref *out = slot;
	struct err ignored = { 0 };

	if (!json_decode(secret_words_members, value, a, &words, &ignored))
		return false;
	if (words.env)
		*out = (struct secret_ref){ .kind = SECRET_ENV, .name = words.env };
	else if (words.file)
		*out = (struct secret_ref){ .kind = SECRET_FILE, .name = words.file };
	else
		*out = (struct secret_ref){ .kind = SECRET_COMMAND, .argv = words.command };
	return words.env || words.file || words.command;
}

#define SECRET_REF_MEMBER(key, holder, member)                                \
	CUSTOM_MEMBER(key, holder, member, write_secret_ref, read_secret_ref, \
		      .absent = ABSENT_OMITTED)

/* ---- HTTP requests, recorded without pair placeholders: plain text ---- */

static json_t *write_plain(const void *slot, size_t index)
{
	const struct http_text *t = slot;
	AUTO(buf) text = { 0 };

	(void)index;
	for (size_t i = 0; i < t->count; i++)
		buf_puts(&text, t->pieces[i].text);
	return t->count ? json_text(buf_text(&text)) : NULL;
}

static bool read_plain(const json_t *value, struct arena *a, void *slot)
{
	struct http_piece *piece = ARENA_NEW(a, struct http_piece);

	if (!json_is_string(value))
		return false;
	piece->text = arena_strdup(a, json_string_value(value));
	*(struct http_text *)slot = (struct http_text){ piece, 1 };
	return true;
}

#define PLAIN_MEMBER(key, holder, member) \
	CUSTOM_MEMBER(key, holder, member, write_plain, read_plain, .absent = ABSENT_OMITTED)

/* Status codes, terminated by 0; an empty list is NULL. */
static json_t *write_expect(const void *slot, size_t index)
{
	json_t *list = json_array();

	(void)index;
	for (const unsigned *s = *(const unsigned *const *)slot; s && *s; s++)
		json_array_append_new(list, json_integer(*s));
	return list;
}

static bool read_expect(const json_t *value, struct arena *a, void *slot)
{
	size_t count = json_array_size(value);
	unsigned *expect = arena_array(a, count + 1, sizeof(*expect));

	for (size_t i = 0; i < count; i++)
		expect[i] = (unsigned)json_integer_value(json_array_get(value, i));
	*(const unsigned **)slot = count ? expect : NULL;
	return json_is_array(value);
}

static const struct member kept_header_members[] = {
	TEXT_MEMBER("name", struct http_header, name),
	PLAIN_MEMBER("text", struct http_header, text),
	SECRET_REF_MEMBER("secret", struct http_header, secret),
	{ 0 },
};

static const struct member kept_request_members[] = {
	NUMBER_MEMBER("method", struct http_request, method, 0, HTTP_METHOD_COUNT - 1),
	NUMBER_MEMBER("timeout", struct http_request, timeout, 0, INT64_MAX),
	CUSTOM_MEMBER("expect", struct http_request, expect, write_expect, read_expect),
	PLAIN_MEMBER("path", struct http_request, url.path),
	PLAIN_MEMBER("body", struct http_request, body),
	PLAIN_MEMBER("json", struct http_request, json),
	TEXT_MEMBER("fingerprint", struct http_request, fingerprint, .absent = ABSENT_OMITTED),
	LIST_MEMBER("headers", struct http_request, headers, header_count, kept_header_members),
	{ 0 },
};

/* ---- the drivers ---- */

static const struct member kept_caddy_members[] = {
	TEXT_MEMBER("admin", struct caddy, admin),
	TEXT_MEMBER("id", struct caddy, id),
	{ 0 },
};

/* Server trust anchor and client credentials. */
#define ACCESS_MEMBERS(holder)                                                                    \
	TEXT_MEMBER("ca", holder, access.ca, .absent = ABSENT_OMITTED),                           \
		TEXT_MEMBER("certificate", holder, access.certificate, .absent = ABSENT_OMITTED), \
		SECRET_REF_MEMBER("own_key", holder, access.key),                                 \
		TEXT_MEMBER("user", holder, access.user, .absent = ABSENT_OMITTED),               \
		SECRET_REF_MEMBER("password", holder, access.password)

static const struct member kept_etcd_members[] = {
	WORDS_MEMBER("endpoints", struct etcd, endpoints, .least = 1),
	TEXT_MEMBER("key", struct etcd, key),
	ACCESS_MEMBERS(struct etcd),
	{ 0 },
};

static const struct member kept_http_members[] = {
	TEXT_MEMBER("origin", struct http, origin),
	ACCESS_MEMBERS(struct http),
	POINTER_MEMBER("probe", struct http, requests[DECLARED_PROBE], kept_request_members,
		       .absent = ABSENT_OMITTED),
	POINTER_MEMBER("remove", struct http, requests[DECLARED_REMOVE], kept_request_members),
	{ 0 },
};

/* Only what a component that left the fleet file needs. */
static const struct member kept_commands_members[] = {
	WORDS_MEMBER("probe", struct commands, argv[DECLARED_PROBE], .least = 1),
	WORDS_MEMBER("remove", struct commands, argv[DECLARED_REMOVE], .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("timeout", struct commands, timeout, 1, 24 * 60 * 60),
	{ 0 },
};

static const struct member kept_install_members[] = {
	TEXT_MEMBER("directory", struct install, directory, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("certificate", struct install, certificate, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("key", struct install, key, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("leaf", struct install, leaf, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("chain", struct install, chain, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("ca", struct install, ca, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("combined", struct install, combined, .absent = ABSENT_OMITTED),
	FLAG_MEMBER("unsafe_directory", struct install, unsafe_directory),
	{ 0 },
};

static const struct member kept_haproxy_members[] = {
	TEXT_MEMBER("socket", struct haproxy, socket),
	{ 0 },
};

static const struct member kept_sftp_members[] = {
	TEXT_MEMBER("origin", struct sftp, origin),
	TEXT_MEMBER("user", struct sftp, user),
	TEXT_MEMBER("host", struct sftp, host),
	NUMBER_MEMBER("port", struct sftp, port, 0, UINT16_MAX),
	TEXT_MEMBER("host_key", struct sftp, host_key, .absent = ABSENT_OMITTED),
	{ 0 },
};

static const struct member deliver_members[] = {
	OBJECT_MEMBER("files", struct deliver, files, kept_install_members),
	OBJECT_MEMBER("haproxy", struct deliver, haproxy, kept_haproxy_members,
		      .absent = ABSENT_OMITTED),
	OBJECT_MEMBER("sftp", struct deliver, sftp, kept_sftp_members, .absent = ABSENT_OMITTED),
	POINTER_MEMBER("caddy", struct deliver, caddy, kept_caddy_members,
		       .absent = ABSENT_OMITTED),
	POINTER_MEMBER("etcd", struct deliver, etcd, kept_etcd_members, .absent = ABSENT_OMITTED),
	POINTER_MEMBER("http", struct deliver, http, kept_http_members, .absent = ABSENT_OMITTED),
	POINTER_MEMBER("command", struct deliver, command, kept_commands_members,
		       .absent = ABSENT_OMITTED),
	{ 0 },
};

const char *deliver_to_text(const struct deliver *d, struct arena *a)
{
	AUTO(json) json = json_encode(deliver_members, d);
	AUTO(str) text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);

	return arena_strdup(a, text);
}

/* All requests of a device share its origin. */
static void put_origin(struct http *h)
{
	for (unsigned verb = 0; verb < DECLARED_COUNT; verb++) {
		struct http_request *r = (struct http_request *)h->requests[verb];

		if (r)
			r->url.origin = h->origin;
	}
}

bool deliver_from_text(const char *text, struct arena *a, struct deliver *out, struct err *e)
{
	AUTO(json) json = json_parse(text, strlen(text));
	struct deliver d = { .kind = DRIVER_FILES };
	struct err why = { 0 };

	if (!json_decode(deliver_members, json, a, &d, &why))
		return err_set(e, ERR_IO, "the state does not say how it was reached: %s",
			       why.text);
	if (d.haproxy.socket)
		d.kind = DRIVER_HAPROXY;
	if (d.sftp.origin) /* remote paths must never be taken for local ones */
		d.kind = DRIVER_SFTP;
	if (d.caddy)
		d.kind = DRIVER_CADDY;
	if (d.etcd)
		d.kind = DRIVER_ETCD;
	if (d.command)
		d.kind = DRIVER_COMMAND;
	if (d.http) {
		d.kind = DRIVER_HTTP;
		put_origin((struct http *)d.http);
	}
	*out = d;
	return true;
}
