/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assembly of the outer archive: when a bundle is written, and again when one
 * is rebuilt for comparison.
 */
#ifndef BUNDLE_ASSEMBLY_H
#define BUNDLE_ASSEMBLY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "bundle/bundle.h"
#include "bundle/entries.h"
#include "bundle/entry_check.h"
#include "crypto/crypto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assembly {
	struct arena arena;
	struct entries entries; /* all entries but manifest.json and manifest.hmac */
	struct buf restore;
	struct buf manifest;
};

/* Parts that are no function of the bundle's content. */
struct sealed {
	/* of a bundle that is rebuilt: versions of certfleet differ in it; NULL: today's */
	const char *restore_text;
	/* encrypted ones */
	struct entries recipients; /* names are ignored */
	struct bytes keys_zip;     /* len 0: no keys */
};

void assembly_release(struct assembly *as);
AUTO_STRUCT(assembly, struct assembly, assembly_release)

/* Fills `as`, which is empty, from `b`, which is sorted and outlives it. */
MUST_CHECK bool assembly_prepare(struct assembly *as, const struct bundle *b, const bool *has_key,
				 const struct sealed *s, struct err *e);
/* Appends the archive; `hmac` is the text of manifest.hmac. */
MUST_CHECK bool assembly_pack(struct assembly *as, struct bytes hmac, struct buf *out,
			      struct err *e);

/* ---- rebuilding (rebuild.c) ---- */

#define DIFFERS_NOT UINT64_MAX

/* Position where the archive differs from the one that is assembled of its content. */
MUST_CHECK bool bundle_rebuild(struct bytes zip, const struct entries *entries,
			       const struct unpacked *c, uint64_t *differs_at, struct err *e);

/* ---- RESTORE.txt (restore_text.c) ---- */

/* RESTORE.txt: instructions to extract the keys with openssl and 7z alone. */

/* `recipients` 0: the keys are not encrypted. */
void restore_text(const struct bundle *b, size_t recipients, struct buf *out);

#endif
