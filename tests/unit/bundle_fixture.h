/* SPDX-License-Identifier: Apache-2.0 */
/* A small bundle for tests: two generations, an issuer, a key elsewhere. */
#ifndef BUNDLE_FIXTURE_H
#define BUNDLE_FIXTURE_H

#include "bundle/bundle.h"

#include <string.h>

#define SECRET_OF(text) ((struct secret){ (unsigned char *)(uintptr_t)(text), strlen(text) })
#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define KEY_MARK "KEY-MARK"
#define PASSPHRASE "correct horse battery staple"
#define OTHER_PASSPHRASE "another good passphrase 42"

extern struct bundle_item fixture_items[];
extern struct bundle_file fixture_files[];
extern struct bundle_anchor fixture_anchors[];
extern struct bundle_record fixture_records[];

/* Borrows everything, needs no release. */
struct bundle fixture_bundle(void);

#endif
