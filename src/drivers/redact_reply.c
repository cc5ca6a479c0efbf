/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/redact_reply.h"

#include "base/redact.h"
#include "drivers/json_pointer.h"

#include <string.h>
#include <strings.h>

enum {
	STATUS_STALE = 412
};

static bool repeats_a_secret(const struct driver_session *v, const struct exchange *x,
			     const char *text, size_t len)
{
	size_t count = 0;
	const struct secret *const *told = driver_secrets(v, &count);

	for (size_t i = 0; i < count; i++)
		if (redact_repeats(text, len, told[i]))
			return true;
	for (size_t i = 0; i < x->header_count; i++)
		if (!strcasecmp(x->headers[i].name, "Authorization") &&
		    redact_repeats(text, len, x->headers[i].value))
			return true;
	return false;
}

const char *redact_words(const struct driver_session *v, const struct exchange *x, const char *text,
			 size_t len)
{
	if (repeats_a_secret(v, x, text, len))
		return "(what it says repeats a secret)";
	return redact_keys(text, len, v->arena);
}

const char *redact_reply(const struct driver_session *v, const struct exchange *x,
			 const char *member)
{
	AUTO(json) whole = member ? json_parse(x->reply.bytes, x->reply.len) : NULL;
	const json_t *words = json_object_get(whole, member);

	if (json_is_string(words))
		return redact_words(v, x, json_string_value(words), json_string_length(words));
	return redact_words(v, x, (const char *)x->reply.bytes, x->reply.len);
}

static const char *redact_reply_moved(long status)
{
	return status >= 300 && status < 400 ? " (redirects are not followed)" : "";
}

bool reply_refused(const struct driver_session *v, const struct exchange *x, const char *member,
		   struct err *e)
{
	const char *words = redact_reply(v, x, member);

	if (x->status == STATUS_STALE)
		return err_set(e, ERR_STALE, "another client changed the content of '%s' meanwhile",
			       x->origin);
	return err_set(e, ERR_REMOTE, "'%s' answered %ld%s%s%s", x->origin, x->status,
		       redact_reply_moved(x->status), *words ? ": " : "", words);
}
