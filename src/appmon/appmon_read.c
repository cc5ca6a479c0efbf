/* SPDX-License-Identifier: Apache-2.0 */
#include "appmon/appmon_read.h"

#include "base/text.h"
#include "json/record.h"
#include "json/value.h"

#include <string.h>

/* ---- what the decoder answers ---- */

static const char *const form_names[APPMON_FORM_COUNT + 1] = {
	[APPMON_RESULT] = "result",         [APPMON_ERROR] = "error",
	[APPMON_COLLECTORS] = "collectors", [APPMON_AGENTS] = "agents",
	[APPMON_ARCHIVE] = "archive",
};

static const struct member appmon_collector_members[] = {
	TEXT_MEMBER("name", struct appmon_collector, name),
	TEXT_MEMBER("host", struct appmon_collector, host),
	TEXT_MEMBER("id", struct appmon_collector, id),
	TEXT_MEMBER("version", struct appmon_collector, version, .absent = ABSENT_OMITTED),
	FLAG_MEMBER("connected", struct appmon_collector, connected),
	FLAG_MEMBER("embedded", struct appmon_collector, embedded),
	{ 0 },
};
static const struct member appmon_agents_members[] = {
	TEXT_MEMBER("name", struct appmon_agents, name),
	TEXT_MEMBER("host", struct appmon_agents, host, .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("count", struct appmon_agents, count, 1, APPMON_AGENT_LIMIT),
	{ 0 },
};
static const struct member appmon_start_members[] = {
	TEXT_MEMBER("name", struct appmon_start, name),
	TEXT_MEMBER("host", struct appmon_start, host),
	NUMBER_MEMBER("started", struct appmon_start, started, 1, INT64_MAX),
	{ 0 },
};
static const struct member appmon_document_members[] = {
	CHOICE_MEMBER("form", struct appmon_document, form, form_names),
	TEXT_MEMBER("value", struct appmon_document, value, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("reason", struct appmon_document, reason, .absent = ABSENT_OMITTED),
	LIST_MEMBER("collectors", struct appmon_document, collectors, collector_count,
		    appmon_collector_members, .most = APPMON_COLLECTOR_LIMIT),
	LIST_MEMBER("agents", struct appmon_document, agents, agents_count, appmon_agents_members,
		    .most = APPMON_AGENT_LIMIT),
	LIST_MEMBER("starts", struct appmon_document, starts, start_count, appmon_start_members,
		    .most = APPMON_COLLECTOR_LIMIT),
	{ 0 },
};

/* ---- in the decoder ---- */

static bool json_read(struct span body, struct arena *a, struct appmon_document *out, struct err *e)
{
	AUTO(json) json = json_parse(body.bytes, body.len);
	const char *status = json_string_value(json_object_get(json, "status"));
	const char *message = json_string_value(json_object_get(json, "message"));

	if (!json)
		return err_set(e, ERR_REMOTE, "it is no JSON");
	if (!status && !message)
		return err_set(e, ERR_REMOTE, "it is JSON without 'status' or 'message'");
	out->form = status ? APPMON_RESULT : APPMON_ERROR;
	out->value = status ? arena_strdup(a, status) : NULL;
	out->reason = message ? arena_strdup(a, message) : NULL;
	return true;
}

static bool read_any(struct span body, struct arena *a, struct appmon_document *out, struct err *e)
{
	const char *bytes = body.bytes;
	size_t blank = 0;

	while (blank < body.len && strchr(" \t\r\n", bytes[blank]) && bytes[blank])
		blank++;
	if (blank == body.len)
		return err_set(e, ERR_REMOTE, "it is empty");
	if (body.len > 4 && !memcmp(bytes, "PK", 2))
		return appmon_archive_read(body, a, out, e);
	if (body.len > APPMON_TEXT_LIMIT)
		return err_set(e, ERR_REMOTE, "it has more than %d bytes", APPMON_TEXT_LIMIT);
	return bytes[blank] == '{' ? json_read(body, a, out, e) : appmon_xml_read(body, a, out, e);
}

bool appmon_decode(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct appmon_document found = { 0 };
	AUTO(json) json = NULL;
	AUTO(secret) text = { 0 };

	if (count != 1)
		return err_set(e, ERR_INPUT, "one document is decoded at a time");
	if (!read_any(in[0], &a, &found, e))
		return false;
	json = json_encode(appmon_document_members, &found);
	json_to_secret(json, &text);
	buf_add(answer, text.bytes, text.len);
	return true;
}

/* ---- parent process ---- */

bool appmon_read(struct span body, struct arena *a, struct appmon_document *out, struct err *e)
{
	const struct decode d = { .fn = appmon_decode, .in = &body, .count = 1 };
	AUTO(secret) answer = { 0 };
	AUTO(json) json = NULL;
	struct appmon_document found = { 0 };

	if (body.len > APPMON_ARCHIVE_LIMIT)
		return err_set(e, ERR_REMOTE, "it has more than %d bytes", APPMON_ARCHIVE_LIMIT);
	if (!decoder_run(&d, &answer, e))
		return false;
	json = json_parse(answer.bytes, answer.len);
	if (!json || !json_decode(appmon_document_members, json, a, &found, e))
		return err_set(e, ERR_REMOTE, "the decoding process ended unexpectedly");
	*out = found;
	return true;
}

bool appmon_succeeded(const struct appmon_document *d)
{
	return d->form == APPMON_RESULT &&
	       (!strcmp(d->value, "true") || !strcmp(d->value, "success"));
}

const char *appmon_permission(const char *reason, struct arena *a)
{
	static const char before[] = "ermission denied:";
	const char *at = reason ? strstr(reason, before) : NULL;
	size_t len = 0;

	if (!at)
		return NULL;
	at += strlen(before);
	at += strspn(at, " ");
	len = strcspn(at, ";,\n");
	return len ? arena_strndup(a, at, len) : NULL;
}

void appmon_add_id(struct buf *path, const char *id)
{
	AUTO(arena) a = { 0 };
	const char *at = strrchr(id, '@');

	text_percent(path, at ? arena_strndup(&a, id, (size_t)(at - id)) : id);
	if (!at)
		return;
	buf_putc(path, '@');
	text_percent(path, at + 1);
}
