/* SPDX-License-Identifier: Apache-2.0 */
/* What WebDAV and S3 have in common. */
#include "base/text.h"
#include "copies/copy_kind.h"
#include "remote/exchange.h"

#include <ctype.h>
#include <string.h>

enum {
	STATUS_OK = 200,
	STATUS_REDIRECT = 300,
	STATUS_UNAUTHORIZED = 401,
	STATUS_FORBIDDEN = 403,
	STATUS_MISSING = 404,
};

const char *copy_url_path(const struct copy_session *s)
{
	return arena_printf(s->job->arena, "%s/%s", s->job->copy->path, s->job->name);
}

bool copy_request(struct copy_session *s, struct exchange *x, struct err *e)
{
	x->identity = s->identity;
	x->bulk = true;
	return batch_request(s->conversation, x, e);
}

/* Causes and remedies, for both kinds. */
static const struct {
	long status;
	const char *text;
} copy_refusals[] = {
	{ STATUS_UNAUTHORIZED, "the login is refused; correct user and password in 'access'" },
	{ STATUS_FORBIDDEN,
	  "access is denied; let the login of 'access' read, write and list there" },
	{ STATUS_MISSING, "the directory or bucket is not there; make it" },
	{ 405, "it takes no files; enable WebDAV there, or correct the URL" },
	{ 409, "the directory is not there; make it" },
	{ 412, "a file of this name is there already; move it away" },
	{ 413, "the file is too large for the server; raise its limit" },
	{ 507, "no space is left there; make room" },
};

/* The code in an S3 service's error document; "": there is none. */
static const char *error_code(const struct copy_session *s, const struct exchange *x)
{
	static const char tag[] = "<Code>";
	const char *at = bytes_find(x->reply.bytes, x->reply.len, tag);
	size_t len = 0;

	if (!at)
		return "";
	at += sizeof(tag) - 1;
	/* a reply ends with a NUL */
	while (len < 64 && isalnum((unsigned char)at[len]))
		len++;
	return len ? arena_printf(s->job->arena, " (%.*s)", (int)len, at) : "";
}

bool copy_refused(const struct copy_session *s, const struct exchange *x, struct err *e)
{
	const char *code = error_code(s, x);

	for (size_t i = 0; i < sizeof(copy_refusals) / sizeof(*copy_refusals); i++)
		if (copy_refusals[i].status == x->status)
			return err_set(e, ERR_REMOTE, "the server answers %ld%s: %s", x->status,
				       code, copy_refusals[i].text);
	if (x->status >= STATUS_REDIRECT && x->status < 400)
		return err_set(
			e, ERR_REMOTE,
			"the server answers %ld%s: it sends to another place, which gets no login; write the URL of that place",
			x->status, code);
	return err_set(e, ERR_REMOTE, "the server answers %ld%s; look into its log", x->status,
		       code);
}

bool copy_http_got(const struct copy_session *s, struct exchange *x, struct secret *out,
		   struct err *e)
{
	if (x->status == STATUS_MISSING && strcmp(error_code(s, x), " (NoSuchBucket)") != 0)
		return err_set(e, ERR_MISSING, "there is no '%s'", s->job->name);
	if (x->status != STATUS_OK)
		return copy_refused(s, x, e);
	*out = TAKE(x->reply);
	return true;
}
