/* SPDX-License-Identifier: Apache-2.0 */
/* The response to a request: an HTTP status and a JSON document. */
#ifndef AGENT_RESPONSE_H
#define AGENT_RESPONSE_H

#include "agent/signer_cache.h"
#include "base/secret.h"
#include "wire/problem.h"

#include <jansson.h>

enum {
	ANSWER_LIMIT = 8 * 1024 * 1024, /* bytes of the document */
};

struct response {
	int status;
	struct secret body;
	struct signer signer; /* verified on the way, for the cache */
};

void response_release(struct response *a);
AUTO_STRUCT(response, struct response, response_release)

/* Both replace the previous body; `detail` is escaped and cut (text_escaped()). */
void response_json(int status, json_t *document /* ownership passes */, struct response *out);
void response_problem(enum problem_kind kind, const char *detail, struct response *out);

#endif
