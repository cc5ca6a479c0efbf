/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request: what a leaf or authority was asked to be, in canonical text
 * (subject, names as a set, key, issuer, validity, purpose).  It is stored
 * with a generation and compared with the file's, never with the parsed
 * leaf, so a CA that adds or drops something causes no re-issue.  One
 * "field=value" line each, so that a difference can be named and shown.
 */
#ifndef MODEL_ISSUE_REQUEST_H
#define MODEL_ISSUE_REQUEST_H

#include "base/arena.h"
#include "model/fleet.h"

#include <stddef.h>

/* One field as people read it; several values are separated by blanks. */
struct request_field {
	const char *field;
	const char *value; /* "": none */
	const char *was;   /* of the request before; NULL: there is none */
};

enum {
	REQUEST_FIELDS = 6, /* at most */
};

const char *certificate_request(const struct certificate *c, struct arena *a);
const char *issuer_request(const struct issuer *i, struct arena *a);
/* The first field in which two requests differ: "names"; NULL: none. */
const char *request_difference(const char *a, const char *b, struct arena *arena);
/* The same of an issuer by another name. */
const char *request_rename_issuer(const char *request, const char *old, const char *new_name,
				  struct arena *a);
/*
 * The fields of a request beside those of `was` (NULL: there is none), in
 * the order in which people read them.  Returns how many; texts in `a`.
 */
size_t request_fields(const char *request, const char *was, struct arena *a,
		      struct request_field out[REQUEST_FIELDS]);

#endif
