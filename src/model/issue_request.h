/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Issue request: the requested properties of a leaf or CA in canonical text
 * (subject, names as a set, key, issuer, validity, purpose).  Stored with a
 * generation and compared with the fleet file's request, never with the parsed
 * leaf, so a CA that adds or drops something causes no re-issue.  One
 * "field=value" line each, so that a difference can be named and shown.
 */
#ifndef MODEL_ISSUE_REQUEST_H
#define MODEL_ISSUE_REQUEST_H

#include "base/arena.h"
#include "model/fleet.h"

#include <stddef.h>

/* Field of a request for display; several values are separated by blanks. */
struct request_field {
	const char *field;
	const char *value; /* "": none */
	const char *was;   /* previous value; NULL: no previous request */
};

enum {
	REQUEST_FIELDS = 6, /* at most */
};

const char *certificate_request(const struct certificate *c, struct arena *a);
const char *issuer_request(const struct issuer *i, struct arena *a);
/* All differences: "names +shop.example.com; validity 90d -> 60d"; NULL: none. */
const char *request_changes(const char *before, const char *after, struct arena *a);
/* The same of an issuer by another name. */
const char *request_rename_issuer(const char *request, const char *old, const char *new_name,
				  struct arena *a);
/*
 * Fields of a request beside those of `was` (NULL: no previous request), in
 * display order.  Returns their number; texts in `a`.
 */
size_t request_fields(const char *request, const char *was, struct arena *a,
		      struct request_field out[REQUEST_FIELDS]);

#endif
