/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the header of a request says of its body, and whether it keeps to the
 * limits.  libmicrohttpd reads a header leniently (of two lengths it takes
 * the first), so what is not plain is refused here.
 */
#ifndef AGENT_HTTP_HEADER_H
#define AGENT_HTTP_HEADER_H

#include "wire/problem.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	HEADER_LIMIT = 8 * 1024,
	HEADER_LINES = 64,
};

struct MHD_Connection;

/*
 * False: *problem says why, and where its body ends is not known or too far
 * away, so that the connection has to be closed.
 */
bool http_header_read(struct MHD_Connection *c, size_t *body_len, struct problem *problem);

#endif
