/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rendering of a request declared in the fleet file: placeholders in braces are
 * filled in from the job's pair or notice, secrets are fetched.
 *
 * `struct http_words w = { 0 };` is empty.  It holds the pair's key and the
 * header values of the last rendered request until http_words_release().
 */
#ifndef DRIVERS_HTTP_RENDER_H
#define DRIVERS_HTTP_RENDER_H

#include "drivers/driver_table.h"
#include "install/pair_files.h"
#include "model/http_spec.h"

#include <stdbool.h>
#include <stddef.h>

struct http_words {
	struct pair_files pieces; /* PEM texts in use by the requests */
	struct secret pkcs12;     /* base64 */
	struct secret *values;
	size_t value_count;
	const struct exchange_header *headers;
	size_t header_count;
};

void http_words_release(struct http_words *w);
AUTO_STRUCT(http_words, struct http_words, http_words_release)

/*
 * Prepares the forms of the job's pair that this request uses; ERR_MISSING: the
 * job has no pair.  Making a PKCS#12 is slow.
 */
MUST_CHECK bool http_words_prepare(struct http_words *w, const struct driver_session *v,
				   const struct http_request *r,
				   const struct secret_ref *pkcs12_password, struct err *e);

/* `ask` must be empty. */
MUST_CHECK bool http_render(struct http_words *w, const struct driver_session *v,
			    const struct http_request *r, const struct http_access *access,
			    struct exchange *ask, struct err *e);

/* Whether the response has a status that the request expects; else the error says why. */
MUST_CHECK bool http_expected(const struct driver_session *v, const struct exchange *x,
			      const struct http_request *r, struct err *e);

#endif
