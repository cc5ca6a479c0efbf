/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/problem.h"

#include "base/text.h"
#include "json/record.h"

#include <string.h>

#define URN "urn:certfleet:problem:"

static const struct {
	const char *name;
	int status;
	const char *title;
} problems[] = {
	[PROBLEM_BAD_REQUEST] = { "bad-request", 400, "the request makes no sense" },
	[PROBLEM_UNKNOWN_PATH] = { "unknown-path", 404, "there is nothing at this path" },
	[PROBLEM_UNKNOWN_COMPONENT] = { "unknown-component", 404,
					"this agent has no such component" },
	[PROBLEM_WRONG_METHOD] = { "wrong-method", 405, "this path takes another method" },
	[PROBLEM_TOO_LARGE] = { "too-large", 413, "the request is too large" },
	[PROBLEM_NOT_ALLOWED] = { "not-allowed", 403, "this agent does not obey the signer" },
	[PROBLEM_OTHER_AGENT] = { "other-agent", 403, "the order is for another agent" },
	[PROBLEM_EXPIRED] = { "expired", 403, "the order is not valid now" },
	[PROBLEM_STALE_ORDER] = { "stale-order", 409, "something newer was ordered already" },
	[PROBLEM_OTHER_LINEAGE] = { "other-lineage", 409,
				    "the component belongs to another state" },
	[PROBLEM_MOVED] = { "moved", 412, "what was to be replaced is not there" },
	[PROBLEM_NOT_SELF] = { "not-self", 409, "the component is not the agent's own pair" },
	[PROBLEM_BAD_PAIR] = { "bad-pair", 422, "the pair is not what the order names" },
	[PROBLEM_CANNOT] = { "cannot", 500, "the host refuses" },
	[PROBLEM_FAILED] = { "failed", 502, "the process did not take it into use" },
	[PROBLEM_BUSY] = { "busy", 503, "ask again" },
};
_Static_assert(sizeof(problems) / sizeof(*problems) == PROBLEM_COUNT,
	       "every problem needs its row");

int problem_status(enum problem_kind kind)
{
	return problems[kind].status;
}

struct problem_document {
	const char *type;
	const char *title;
	int status;
	const char *detail;
};

static const struct member problem_members[] = {
	TEXT_MEMBER("type", struct problem_document, type),
	TEXT_MEMBER("title", struct problem_document, title, .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("status", struct problem_document, status, 100, 599,
		      .absent = ABSENT_OMITTED),
	TEXT_MEMBER("detail", struct problem_document, detail, .absent = ABSENT_OMITTED),
	{ 0 },
};

/* A detail may quote bytes of a client, but JSON requires valid UTF-8. */
json_t *problem_to_json(const struct problem *p)
{
	const char *detail = p->detail ? p->detail : "";
	AUTO(arena) a = { 0 };
	AUTO(buf) shown = { 0 };

	text_escape_lines(&shown, detail, "\n");

	const struct problem_document document = {
		.type = arena_printf(&a, URN "%s", problems[p->kind].name),
		.title = problems[p->kind].title,
		.status = problems[p->kind].status,
		.detail = buf_text(&shown),
	};

	return json_encode(problem_members, &document);
}

static bool problem_find(const char *type, enum problem_kind *out)
{
	if (strncmp(type, URN, strlen(URN)) != 0)
		return false;
	for (unsigned i = 0; i < PROBLEM_COUNT; i++)
		if (!strcmp(type + strlen(URN), problems[i].name)) {
			*out = i;
			return true;
		}
	return false;
}

bool problem_from_json(const char *text, size_t len, struct arena *a, struct problem *out)
{
	AUTO(json) json = json_parse(text, len);
	struct problem_document document = { 0 };
	const char *detail = NULL;
	AUTO(buf) shown = { 0 };
	struct err ignored = { 0 };

	if (!json_decode(problem_members, json, a, &document, &ignored) ||
	    !problem_find(document.type, &out->kind))
		return false;
	detail = document.detail && *document.detail ? document.detail : problems[out->kind].title;
	text_escape_lines(&shown, detail, "\n");
	out->detail = arena_strdup(a, buf_text(&shown));
	return true;
}

enum problem_kind problem_of(enum err_code code)
{
	switch (code) {
	case ERR_USAGE:
	case ERR_INPUT:
	case ERR_CRYPTO:
		return PROBLEM_BAD_PAIR;
	case ERR_BUSY:
	case ERR_STOPPED:
		return PROBLEM_BUSY;
	case ERR_STALE:
		return PROBLEM_MOVED;
	case ERR_REMOTE:
		return PROBLEM_FAILED;
	case ERR_NONE:
	case ERR_MISSING:
	case ERR_IO:
	case ERR_COUNT:
		break;
	}
	return PROBLEM_CANNOT;
}
