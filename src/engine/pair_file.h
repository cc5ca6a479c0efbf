/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File that holds a whole pair, in the forms that products import: a ZIP of
 * certificate.pem (leaf, then chain) and key.pem, the same two in one PEM, or PKCS#12.
 * In ZIP and PEM the key is not encrypted.
 */
#ifndef ENGINE_PAIR_FILE_H
#define ENGINE_PAIR_FILE_H

#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"
#include "model/fleet.h"

#include <stdbool.h>

struct pair_content {
	enum handoff_format format;
	const struct cert_set *set;
	const struct secret *key;      /* PKCS#8 DER */
	const struct secret *password; /* of PKCS#12 */
	const char *name;              /* of the certificate */
	bool complete;                 /* with the root, when it is known */
};

/* `out` must be empty. */
MUST_CHECK bool pair_file_make(const struct pair_content *p, struct secret *out, struct err *e);

#endif
