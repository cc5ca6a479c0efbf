/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a request of the fleet file to one that can be sent: what stands in
 * braces is filled in from the job's pair, secrets are fetched.
 *
 * `struct http_words w = { 0 };` is empty; it holds keys and the values of
 * headers until http_words_release(), and those of the last request only.
 */
#ifndef DRIVERS_HTTP_RENDER_H
#define DRIVERS_HTTP_RENDER_H

#include "drivers/driver_table.h"
#include "install/pair_files.h"
#include "model/http_spec.h"

#include <stdbool.h>
#include <stddef.h>

struct http_words {
	struct pair_files pieces; /* PEM, as far as they were asked for */
	struct secret pkcs12;     /* base64 */
	struct secret *values;
	size_t value_count;
	const struct exchange_header *headers;
	size_t header_count;
};

void http_words_release(struct http_words *w);
AUTO_STRUCT(http_words, struct http_words, http_words_release)

/*
 * What the texts of these requests need of the job's pair; ERR_MISSING when
 * the job has none.  A PKCS#12 takes its time.
 */
MUST_CHECK bool http_words_prepare(struct http_words *w, const struct visit *v,
				   const struct http_request *r,
				   const struct secret_ref *pkcs12_password, struct err *e);

/* `ask` must be empty. */
MUST_CHECK bool http_render(struct http_words *w, const struct visit *v,
			    const struct http_request *r, const struct http_access *access,
			    struct exchange *ask, struct err *e);

/* Whether the reply is one that the request expects; else why not. */
MUST_CHECK bool http_expected(const struct visit *v, const struct http_request *r, struct err *e);

#endif
