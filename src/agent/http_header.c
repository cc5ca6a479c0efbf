/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http_server.h"

#include "wire/request.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <strings.h>

struct lines {
	size_t count;
	size_t lengths;
	const char *length; /* value of the last Content-Length */
	bool is_encoded;
};

static enum MHD_Result http_header_take_line(void *ctx, enum MHD_ValueKind kind, const char *name,
					     const char *value)
{
	struct lines *l = ctx;

	(void)kind;
	l->count++;
	if (!strcasecmp(name, "Content-Length")) {
		l->lengths++;
		l->length = value;
	}
	if (!strcasecmp(name, "Transfer-Encoding"))
		l->is_encoded = true;
	return MHD_YES;
}

static bool http_header_reject(struct problem *p, enum problem_kind kind, const char *detail)
{
	*p = (struct problem){ kind, detail };
	return false;
}

static bool http_header_read_length(const char *text, size_t *out, struct problem *p)
{
	unsigned long long len = 0;
	char *end = NULL;

	errno = 0;
	len = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end)
		return http_header_reject(p, PROBLEM_BAD_REQUEST, "no such Content-Length");
	if (errno || len > REQUEST_LIMIT)
		return http_header_reject(p, PROBLEM_TOO_LARGE, "a body has up to 1 MiB");
	*out = (size_t)len;
	return true;
}

bool http_header_read(struct MHD_Connection *c, size_t *body_len, struct problem *problem)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	struct lines lines = { 0 };

	*body_len = 0;
	MHD_get_connection_values(c, MHD_HEADER_KIND, http_header_take_line, &lines);
	if (info && info->header_size > HEADER_LIMIT)
		return http_header_reject(problem, PROBLEM_TOO_LARGE, "a header has up to 8 KiB");
	if (lines.count > HEADER_LINES)
		return http_header_reject(problem, PROBLEM_TOO_LARGE,
					  "a header has up to 64 lines");
	if (lines.is_encoded)
		return http_header_reject(problem, PROBLEM_BAD_REQUEST,
					  "a body needs its Content-Length");
	if (lines.lengths > 1)
		return http_header_reject(problem, PROBLEM_BAD_REQUEST,
					  "there is more than one Content-Length");
	return !lines.lengths || http_header_read_length(lines.length, body_len, problem);
}
