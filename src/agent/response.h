/* SPDX-License-Identifier: Apache-2.0 */
/* What the other half is told: an HTTP status and a JSON document. */
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
	struct signer signer; /* whom we got to know on the way */
};

void response_release(struct response *a);
AUTO_STRUCT(response, struct response, response_release)

/* Both replace what was there; a detail is cut as what is shown is. */
void response_json(int status, json_t *document /* taken */, struct response *out);
void response_problem(enum problem_kind kind, const char *detail, struct response *out);

#endif
