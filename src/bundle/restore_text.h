/* SPDX-License-Identifier: Apache-2.0 */
/* RESTORE.txt: how to get the keys out with openssl and 7z alone. */
#ifndef BUNDLE_RESTORE_TEXT_H
#define BUNDLE_RESTORE_TEXT_H

#include "base/buf.h"
#include "bundle/bundle.h"

#include <stdbool.h>
#include <stddef.h>

/* `recipients` 0: the keys lie openly. */
void restore_text(const struct bundle *b, size_t recipients, struct buf *out);

#endif
