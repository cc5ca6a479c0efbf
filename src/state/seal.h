/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encryption of private keys at rest.  A random data key seals them; the data
 * key itself is wrapped under a passphrase (PBKDF2) or the bytes of a key file
 * (HKDF), and stored in the state's meta record.  A sealed value is bound to the
 * lineage and to its record, so that it opens nowhere else.
 */
#ifndef STATE_SEAL_H
#define STATE_SEAL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "state/backend.h"
#include "state/state.h"
#include "json/record.h"

#include <stdbool.h>

enum {
	PRIVATE_KEY_LIMIT = 64 * 1024
};

/* Wrapped data key; `kdf` NULL: the state has no seal. */
struct seal {
	const char *kdf;
	unsigned rounds;
	const char *salt;    /* base64, like the following */
	const char *wrapped; /* the data key */
	const char *check;   /* HMAC with the data key */
};

extern const struct member seal_members[];

/* Whether this can seal: a strong passphrase, or exactly 32 bytes; else ERR_INPUT. */
MUST_CHECK bool seal_secret_check(const struct seal_secret *from, struct err *e);
/* Makes a new data key and its seal; the secret has passed seal_secret_check(). */
void seal_make(const char *lineage, const struct seal_secret *from, struct arena *a,
	       struct secret *data_key, struct seal *out);
/* Unwraps the data key; ERR_INPUT for a wrong secret, ERR_IO for a damaged seal. */
MUST_CHECK bool seal_unwrap(const struct seal *seal, const char *lineage,
			    const struct seal_secret *from, struct secret *data_key, struct err *e);

/* Location of a private key, which its sealed value is bound to. */
struct key_place {
	const char *lineage;
	const char *spki;
	const struct secret *data_key; /* NULL: the state has no seal */
};

/* Encodes the value of the key's record; `value` must be empty. */
void key_encode(const struct key_place *place, const struct secret *pkcs8, struct secret *value);
/*
 * Decodes a private key and wipes the record's value.  ERR_CRYPTO when it was
 * not sealed for this place; an unsealed key in a sealed state is ERR_IO.
 */
MUST_CHECK bool key_decode(const struct key_place *place, const struct stored_record *r,
			   struct secret *pkcs8, struct err *e);

#endif
