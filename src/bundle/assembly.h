/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting the outer archive together: once when a bundle is written, once
 * more when one is built again for comparison.
 */
#ifndef BUNDLE_ASSEMBLY_H
#define BUNDLE_ASSEMBLY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "bundle/bundle.h"
#include "bundle/entries.h"
#include "crypto/crypto.h"

#include <stdbool.h>
#include <stddef.h>

struct assembly {
	struct arena arena;
	struct entries entries; /* all but manifest.json and manifest.hmac */
	struct buf restore;
	struct buf manifest;
};

/* What is not a function of the bundle's content. */
struct sealed {
	struct entries recipients; /* names are not looked at */
	struct bytes keys_zip;     /* len 0: there are no keys */
};

void assembly_release(struct assembly *as);
AUTO_STRUCT(assembly, struct assembly, assembly_release)

/* `b` is sorted and outlives `as`, which is empty.  Fills all of `as`. */
MUST_CHECK bool assembly_prepare(struct assembly *as, const struct bundle *b, const bool *has_key,
				 const struct sealed *s, struct err *e);
/* Appends the archive; `hmac` is the text of manifest.hmac. */
MUST_CHECK bool assembly_pack(struct assembly *as, struct bytes hmac, struct buf *out,
			      struct err *e);

/* ---- bundle/restore_text.c ---- */

/* RESTORE.txt: how to get the keys out with openssl and 7z alone. */

/* `recipients` 0: the keys lie openly. */
void restore_text(const struct bundle *b, size_t recipients, struct buf *out);

#endif
