/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions of etcd v3 over its JSON gateway.
 *
 * Keys and values are base64, 64-bit numbers are text, and what is zero or
 * empty is left out.  A reply holds whatever was read: values stay base64 in
 * it, so that one can be written back as it came.
 */
#ifndef DRIVERS_ETCD_KEYS_H
#define DRIVERS_ETCD_KEYS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "drivers/json_secret.h"

#include <stdbool.h>

/* All of it happens, or nothing: when a comparison does not hold. */
struct etcd_txn {
	json_t *compare;
	json_t *success;
};

void etcd_txn_begin(struct etcd_txn *t);
void etcd_txn_release(struct etcd_txn *t);
AUTO_STRUCT(etcd_txn, struct etcd_txn, etcd_txn_release)

/* `revision` as etcd_revision() gives it. */
void etcd_expect(struct etcd_txn *t, const char *key, const char *revision);
/* `value` is base64. */
void etcd_put(struct etcd_txn *t, const char *key, const char *value);
void etcd_put_plain(struct etcd_txn *t, const char *key, const char *value);
/* From `key` up to `end`, which is left out; `end` NULL: this one key. */
void etcd_range(struct etcd_txn *t, const char *key, const char *end);
void etcd_range_names(struct etcd_txn *t, const char *key, const char *end);
void etcd_delete(struct etcd_txn *t, const char *key, const char *end);
/* The request's body; `out` must be empty. */
void etcd_txn_body(const struct etcd_txn *t, struct secret *out);

/* Where a prefix that ends in "/" ends. */
const char *etcd_prefix_end(struct arena *a, const char *prefix);

/* ---- the reply ---- */

/* The key as it was read; NULL: it is not there. */
const json_t *etcd_find(const json_t *reply, const char *key);
/* Its value as base64. */
const char *etcd_value(const json_t *found);
/* The same as it is; false: it is no base64.  `out` must be empty. */
MUST_CHECK bool etcd_plain(const json_t *found, struct secret *out);
/* When it was last written; "0": never. */
const char *etcd_revision(const json_t *found);
bool etcd_succeeded(const json_t *reply);

/* Every key that was read, as text in `a`. */
typedef void etcd_each_fn(void *ctx, const char *key);
void etcd_each(const json_t *reply, struct arena *a, etcd_each_fn *fn, void *ctx);

#endif
