/* SPDX-License-Identifier: Apache-2.0 */
/* Requirements for a passphrase before anything is encrypted with it. */
#ifndef CRYPTO_PASSPHRASE_H
#define CRYPTO_PASSPHRASE_H

#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>

enum {
	PASSPHRASE_MINIMUM = 16,  /* bytes */
	PASSPHRASE_DIFFERENT = 8, /* distinct bytes */
};

/* ERR_INPUT when weak.  Not for a passphrase that only decrypts. */
MUST_CHECK bool passphrase_is_strong(const struct secret *p, struct err *e);

#endif
