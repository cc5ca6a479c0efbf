/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/response.h"

#include "base/arena.h"
#include "base/text.h"
#include "json/value.h"

void response_release(struct response *a)
{
	secret_release(&a->body);
}

void response_json(int status, json_t *document, struct response *out)
{
	AUTO(json) json = document;

	secret_release(&out->body);
	out->status = status;
	json_to_secret(json, &out->body);
}

void response_problem(enum problem_kind kind, const char *detail, struct response *out)
{
	AUTO(arena) a = { 0 };
	const struct problem p = { kind, text_escaped(&a, detail) };

	response_json(problem_status(kind), problem_to_json(&p), out);
}
