/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ZIP archive of the files of an import, which takes them as it takes these files.
 *
 * Read in memory, in the decoder process.  The archive holds regular files, stored or
 * deflated and without a password, and the folders they are in; where asked for, the
 * files' names end in .pem, as AppMon's import wizard wants them.  A name is for messages alone,
 * never a path.  Every refusal names the entry and its remedy.
 */
#ifndef BUNDLE_PEM_ZIP_H
#define BUNDLE_PEM_ZIP_H

#include "base/arena.h"
#include "base/decoder.h"
#include "base/err.h"
#include "base/secret.h"
#include "crypto/crypto.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	PEM_ZIP_ENTRY_LIMIT = 100,                /* files and folders */
	PEM_ZIP_UNPACKED_LIMIT = 4 * 1024 * 1024, /* bytes of all files */
};

/* Files of an archive, in its order. */
struct pem_zip {
	struct arena arena;
	const char *const *names; /* as in the archive: to be escaped when shown */
	struct secret *files;     /* owned */
	size_t count;
};

void pem_zip_release(struct pem_zip *z);
AUTO_STRUCT(pem_zip, struct pem_zip, pem_zip_release)

/* ERR_INPUT names the flaw; `out` must be empty. */
MUST_CHECK bool pem_zip_read(struct bytes zip, bool pem_only, struct pem_zip *out, struct err *e);
/* For the table of decoders (base/decoder.h). */
decode_fn pem_zip_decode;

#endif
