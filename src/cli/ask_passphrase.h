/* SPDX-License-Identifier: Apache-2.0 */
/* Passphrases named on the command line, never written there. */
#ifndef CLI_ASK_PASSPHRASE_H
#define CLI_ASK_PASSPHRASE_H

#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>

/* `out` must be empty; one newline at the end is cut. */
MUST_CHECK bool passphrase_from_file(const char *path, struct secret *out, struct err *e);
/* Takes it out of the environment. */
MUST_CHECK bool passphrase_from_environment(const char *name, struct secret *out, struct err *e);

#endif
