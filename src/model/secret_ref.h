/* SPDX-License-Identifier: Apache-2.0 */
/* A reference to a secret, never the secret itself. */
#ifndef MODEL_SECRET_REF_H
#define MODEL_SECRET_REF_H

#include <stdbool.h>

enum secret_kind {
	SECRET_NONE,
	SECRET_ENV,
	SECRET_FILE,
	SECRET_COMMAND,
	SECRET_KEY_FILE /* raw bytes of a key, of the state's seal only */
};

struct secret_ref {
	enum secret_kind kind;
	const char *name;        /* variable or path */
	const char *const *argv; /* SECRET_COMMAND, ends with NULL */
};

/* Whether both name the same source; the values are not compared. */
bool secret_ref_equal(const struct secret_ref *a, const struct secret_ref *b);

#endif
