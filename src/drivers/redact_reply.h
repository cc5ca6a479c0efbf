/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redaction of peers' replies for display and logs.
 *
 * A peer may echo the request: a text that contains a secret of any delivery is
 * suppressed, and any other text is cut before the first word that could be part
 * of a key.  The rest is escaped and truncated (base/text.h).
 */
#ifndef DRIVERS_REDACT_REPLY_H
#define DRIVERS_REDACT_REPLY_H

#include "drivers/driver_table.h"

#include <stddef.h>

/* As redact_keys(), without any secret that the session knows. */
const char *redact_words(const struct driver_session *v, const struct exchange *x, const char *text,
			 size_t len);
/* A text member of the JSON reply, else the whole reply; redacted, may be "". */
const char *redact_reply(const struct driver_session *v, const struct exchange *x,
			 const char *member);

/* The error "'PEER' answered 500: WORDS"; ERR_STALE for 412.  Returns false. */
bool reply_refused(const struct driver_session *v, const struct exchange *x, const char *member,
		   struct err *e);

#endif
