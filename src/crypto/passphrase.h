/* SPDX-License-Identifier: Apache-2.0 */
/* What a passphrase must be before anything is encrypted under it. */
#ifndef CRYPTO_PASSPHRASE_H
#define CRYPTO_PASSPHRASE_H

#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>

enum {
	PASSPHRASE_MINIMUM = 16,  /* bytes */
	PASSPHRASE_DIFFERENT = 8, /* different bytes */
};

/* ERR_INPUT when it is weak.  Never asked of one that only opens. */
MUST_CHECK bool passphrase_is_strong(const struct secret *p, struct err *e);

#endif
