/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One conversation with an etcd, for the driver `etcd`: names of keys, one
 * request after the other, and who we are.
 */
#ifndef DRIVERS_ETCD_SESSION_H
#define DRIVERS_ETCD_SESSION_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "drivers/driver_table.h"
#include "drivers/json_pointer.h"
#include "drivers/reported_pair.h"
#include "install/pair_files.h"
#include "model/http_spec.h"

#include <stdbool.h>

/*
 * Transactions of etcd v3 over its JSON gateway.
 *
 * Keys and values are base64, 64-bit numbers are text, and what is zero or
 * empty is left out.  A reply holds whatever was read: values stay base64 in
 * it, so that one can be written back as it came.
 */

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

/* ---- drivers/etcd_session.c ---- */

struct etcd_talk {
	const struct identity *identity;
	struct secret token;
	struct exchange_header header; /* with the token */
	unsigned step;                 /* of the verb's course */
	json_t *reply;
	struct reported_pair held; /* what is published */
};

static inline struct etcd_talk *etcd_talk(const struct visit *v)
{
	return v->memory;
}

static inline const struct etcd *etcd_of(const struct visit *v)
{
	return v->job->component->deliver.etcd;
}

/* Makes the visit's memory, which etcd_talk_end() wipes. */
MUST_CHECK bool etcd_talk_begin(struct visit *v, struct err *e);
void etcd_talk_end(struct visit *v);

/* "KEY/BELOW", and the same beneath staged/FINGERPRINT and previous. */
typedef const char *etcd_name_fn(const struct visit *v, const char *below);
etcd_name_fn etcd_name, etcd_staged, etcd_previous;

/* Always TURN_ASK. */
enum turn etcd_ask(const struct visit *v, struct exchange *ask, const struct etcd_txn *txn);
/* The reply as JSON, into the talk. */
MUST_CHECK bool etcd_take(struct visit *v, struct err *e);

bool etcd_needs_login(const struct visit *v);
enum turn etcd_ask_login(struct visit *v, struct exchange *ask, struct err *e);
MUST_CHECK bool etcd_take_token(struct visit *v, struct err *e);

/* ---- drivers/etcd_pair.c ---- */

/* The entries of a pair in an etcd, and what those that were read amount to. */

/* Beneath KEY, KEY/staged/FINGERPRINT and KEY/previous. */
struct etcd_entry {
	const char *name;
	enum file_kind part; /* FILE_KIND_COUNT: the fingerprint */
};
enum {
	ETCD_ENTRIES = 5
};
extern const struct etcd_entry etcd_entries[ETCD_ENTRIES];

/* The job's pair as the PEM texts of the entries. */
void etcd_job_pieces(const struct job *j, struct pair_files *out);
/* The value of an entry for it, as base64; `out` must be empty. */
void etcd_entry_value(const struct job *j, const struct pair_files *pieces,
		      const struct etcd_entry *entry, struct secret *out);

/*
 * Judges what is published, into the talk's `held`.  Without the key its
 * revision has to do: entries that were written at once have the same.
 */
void etcd_judge(struct visit *v, bool with_key);
/* That it is this pair, and whole; "" nothing is published. */
bool etcd_holds(const struct visit *v, const char *fingerprint);
/* The leaf's fingerprint in a certificate that was read; "" there is none. */
const char *etcd_leaf(const struct visit *v, const char *name);

#endif
