/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recipients/N.enc: the 64 random bytes of a bundle for one passphrase, as
 * 128 hex digits in the format of
 *
 *	openssl enc -aes-256-cbc -pbkdf2 -iter 600000 -md sha256
 */
#ifndef BUNDLE_SLOT_H
#define BUNDLE_SLOT_H

#include "base/err.h"
#include "base/secret.h"
#include "crypto/crypto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SLOT_RANDOM_BYTES = 64,
	SLOT_PASSWORD_TEXT = 64, /* hex of the first half: opens keys.zip */
	SLOT_TEXT = 2 * SLOT_RANDOM_BYTES,
	SLOT_BYTES = 16 + SLOT_TEXT + 16, /* salt, text, padding */
	/* openssl reads at most this much from a terminal */
	SLOT_PASSPHRASE_LIMIT = 500,
};

/* Draws 64 random bytes, as 128 hex digits. */
void slot_text_new(struct secret *text);
/* Password of keys.zip, as text. */
void slot_password(const struct secret *text, struct secret *password);
/*
 * Content of manifest.hmac without its newline: hex of HMAC-SHA256 over the
 * manifest.  `text` NULL: keyed with the published constant of unencrypted
 * bundles.
 */
void slot_hmac(const struct secret *text, struct bytes manifest, char out[SHA256_TEXT]);

void slot_seal(const struct secret *text, const struct secret *passphrase, uint8_t out[SLOT_BYTES]);
/* Decrypts a slot; false when the passphrase does not fit. */
bool slot_open(struct bytes slot, const struct secret *passphrase, struct secret *text);

#endif
