/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a peer says, for people's eyes and logs.
 *
 * It may repeat what it was sent: a text that holds a secret of any delivery
 * is not shown at all, and none is shown beyond the first thing in it that
 * could be part of a key.  The rest is escaped and cut (base/text.h).
 */
#ifndef DRIVERS_REDACT_REPLY_H
#define DRIVERS_REDACT_REPLY_H

#include "drivers/driver_table.h"

#include <stddef.h>

enum {
	KEY_LIKE = 32 /* characters of base64 or hex in a row */
};

const char *redact_words(const struct visit *v, const char *text, size_t len);
/* The reply's JSON member, or all of it; "" when it says nothing. */
const char *redact_reply(const struct visit *v, const char *member);

/* "'PEER' answered 500: WORDS"; ERR_STALE for 412.  Always TURN_FAILED. */
enum turn reply_refused(const struct visit *v, const char *member, struct err *e);

#endif
