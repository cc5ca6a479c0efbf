/* SPDX-License-Identifier: Apache-2.0 */
/* What writing and reading a manifest share. */
#ifndef BUNDLE_MANIFEST_JSON_H
#define BUNDLE_MANIFEST_JSON_H

#include "base/auto.h"
#include "bundle/bundle.h"

#include <jansson.h>
#include <stddef.h>

AUTO_TYPE(json, json_t *, json_decref)

#define KIND_ISSUER "issuer"
#define KIND_CERTIFICATE "certificate"
#define ENCRYPTION_AES "aes-256"
#define ENCRYPTION_NONE "none"

/* The members of an item that are text as they stand. */
struct item_text {
	const char *key;
	size_t offset;
	bool is_hash; /* "" or SHA-256 in hex */
};

#define ITEM_TEXT(k, member, ...)                                                       \
	{                                                                               \
		.key = (k), .offset = offsetof(struct bundle_item, member), __VA_ARGS__ \
	}
static const struct item_text item_texts[] = {
	ITEM_TEXT("name", name),
	ITEM_TEXT("fingerprint_sha256", fingerprint, .is_hash = true),
	ITEM_TEXT("spki_sha256", spki, .is_hash = true),
	ITEM_TEXT("source", source),
	ITEM_TEXT("subject", subject),
	ITEM_TEXT("not_after", not_after),
};
enum {
	ITEM_TEXT_COUNT = sizeof(item_texts) / sizeof(*item_texts)
};

#endif
