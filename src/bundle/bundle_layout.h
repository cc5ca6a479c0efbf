/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry names of a bundle, derived from the content in one place for writing,
 * reading and rebuilding; no name is ever taken from an archive.
 */
#ifndef BUNDLE_BUNDLE_LAYOUT_H
#define BUNDLE_BUNDLE_LAYOUT_H

#include "base/arena.h"
#include "bundle/bundle.h"

#include <stddef.h>

#define ENTRY_RESTORE "RESTORE.txt"
#define ENTRY_MANIFEST "manifest.json"
#define ENTRY_HMAC "manifest.hmac"
#define ENTRY_KEYS "keys.zip"

/* Order of items: certificates before issuers, name, found ones first, number. */
int layout_compare_items(const void *a, const void *b);
int layout_compare_files(const void *a, const void *b);
int layout_compare_anchors(const void *a, const void *b);
int layout_compare_records(const void *a, const void *b);

/*
 * Directory of item `i` of a sorted bundle: certificates/NAME or issuers/NAME
 * for the newest generation, followed by /NUMBER for others.
 */
const char *layout_directory(const struct bundle *b, size_t i, struct arena *a);
/* DIRECTORY/FILE */
const char *layout_in(const char *directory, const char *file, struct arena *a);
/* config/PATH with unusual parts, such as ".." or a leading '/', encoded */
const char *layout_config(const char *path, struct arena *a);
const char *layout_recipient(size_t number, struct arena *a);

#endif
