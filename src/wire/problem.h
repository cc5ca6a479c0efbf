/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why an agent refuses, as RFC 9457 problem documents: {type, title, status,
 * detail} with type "urn:certfleet:problem:NAME".
 */
#ifndef WIRE_PROBLEM_H
#define WIRE_PROBLEM_H

#include "base/arena.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

#define PROBLEM_TYPE "application/problem+json"

enum problem_kind {
	PROBLEM_BAD_REQUEST,
	PROBLEM_UNKNOWN_PATH,
	PROBLEM_UNKNOWN_COMPONENT,
	PROBLEM_WRONG_METHOD,
	PROBLEM_TOO_LARGE,
	PROBLEM_NOT_ALLOWED,   /* its signer is nobody this agent obeys */
	PROBLEM_OTHER_AGENT,   /* the order is for another key */
	PROBLEM_EXPIRED,       /* or from the future: a clock is wrong */
	PROBLEM_STALE_ORDER,   /* something newer was ordered already */
	PROBLEM_OTHER_LINEAGE, /* another fleet's state ordered it before */
	PROBLEM_MOVED,         /* what it would replace is not there any more */
	PROBLEM_NOT_SELF,      /* the component is not the agent's own pair */
	PROBLEM_BAD_PAIR,      /* the staged bytes are not what it names */
	PROBLEM_CANNOT,        /* the host refuses: disk, rights */
	PROBLEM_FAILED,        /* the process would not take it into use */
	PROBLEM_BUSY,          /* ask again */
	PROBLEM_COUNT
};

struct problem {
	enum problem_kind kind;
	const char *detail;
};

int problem_status(enum problem_kind kind);
/* The caller owns the reference. */
json_t *problem_to_json(const struct problem *p);
/* False when the document is none of these; `detail` is escaped into `a`. */
bool problem_from_json(const char *text, size_t len, struct arena *a, struct problem *out);
/* What an error of ours is called. */
enum problem_kind problem_of(enum err_code code);

#endif
