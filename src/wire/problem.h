/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Problems: why an agent refuses, as RFC 9457 documents {type, title, status,
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
	PROBLEM_NOT_ALLOWED,   /* the signer is not an allowed client */
	PROBLEM_OTHER_AGENT,   /* the order is for another key */
	PROBLEM_EXPIRED,       /* or not valid yet: a clock is wrong */
	PROBLEM_STALE_ORDER,   /* a newer order came already */
	PROBLEM_OTHER_LINEAGE, /* the last order came from another fleet's state */
	PROBLEM_MOVED,         /* the pair to be replaced is not installed any more */
	PROBLEM_NOT_SELF,      /* the component is not the agent's own pair */
	PROBLEM_BAD_PAIR,      /* the staged bytes are not the pair of the order */
	PROBLEM_CANNOT,        /* the host refuses: disk, permissions */
	PROBLEM_FAILED,        /* the process did not load the pair */
	PROBLEM_BUSY,          /* the client may ask again */
	PROBLEM_COUNT
};

struct problem {
	enum problem_kind kind;
	const char *detail;
};

int problem_status(enum problem_kind kind);
/* The caller owns the reference. */
json_t *problem_to_json(const struct problem *p);
/* False when the document is no known problem; `detail` is escaped into `a`. */
bool problem_from_json(const char *text, size_t len, struct arena *a, struct problem *out);
/* The problem that reports an error code. */
enum problem_kind problem_of(enum err_code code);

#endif
