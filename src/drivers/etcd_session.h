/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session with etcd, for the driver `etcd`: key names, requests, login.
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
 * In JSON, keys and values are base64, 64-bit numbers are strings, and zero or
 * empty members are omitted.  Values in a reply stay base64, so that one can be
 * written back unchanged.
 */

/* Executed as a whole, or not at all when a comparison fails. */
struct etcd_txn {
	json_t *compare;
	json_t *success;
	bool writes;
};

void etcd_txn_begin(struct etcd_txn *t);
void etcd_txn_release(struct etcd_txn *t);
AUTO_STRUCT(etcd_txn, struct etcd_txn, etcd_txn_release)

/* Adds the comparison that `key` still has this revision, from etcd_revision(). */
void etcd_expect(struct etcd_txn *t, const char *key, const char *revision);
/* Adds a write; `value` is base64, or plain text. */
void etcd_put(struct etcd_txn *t, const char *key, const char *value);
void etcd_put_plain(struct etcd_txn *t, const char *key, const char *value);
/* Ranges are from `key` up to, not including, `end`; `end` NULL: only `key`. */
void etcd_range(struct etcd_txn *t, const char *key, const char *end);
void etcd_range_names(struct etcd_txn *t, const char *key, const char *end);
void etcd_delete(struct etcd_txn *t, const char *key, const char *end);
/* The request's body; `out` must be empty. */
void etcd_txn_body(const struct etcd_txn *t, struct secret *out);

/* The end of the range of all keys with this prefix, which ends in "/". */
const char *etcd_prefix_end(struct arena *a, const char *prefix);

/* ---- the reply ---- */

/* The entry of a key in the reply; NULL: the key does not exist. */
const json_t *etcd_find(const json_t *reply, const char *key);
/* The entry's value as base64. */
const char *etcd_value(const json_t *found);
/* The entry's decoded value; false: not base64.  `out` must be empty. */
MUST_CHECK bool etcd_plain(const json_t *found, struct secret *out);
/* The etcd revision of the entry's last write; "0": no entry. */
const char *etcd_revision(const json_t *found);
bool etcd_succeeded(const json_t *reply);

/* Calls `fn` for every key in the reply; the text is in `a`. */
typedef void etcd_each_fn(void *ctx, const char *key);
void etcd_each(const json_t *reply, struct arena *a, etcd_each_fn *fn, void *ctx);

/* ---- session (etcd_session.c) ---- */

struct etcd_session {
	const struct identity *identity;
	struct secret token;
	struct exchange_header header; /* Authorization, with the token */
	json_t *reply;                 /* of the last transaction */
	struct reported_pair held;     /* the published pair */
	bool unreached;                /* the member did not answer */
};
void etcd_session_release(struct etcd_session *t);

static inline struct etcd_session *etcd_session(const struct driver_session *v)
{
	return v->memory;
}

static inline const struct etcd *etcd_of(const struct driver_session *v)
{
	return v->job->component->deliver.etcd;
}

/* Begins the session, with a login when the fleet file names a user. */
MUST_CHECK bool etcd_session_begin(struct driver_session *v, struct err *e);

/* Key names: "KEY/BELOW", "KEY/staged/FINGERPRINT/BELOW", "KEY/previous/BELOW". */
typedef const char *etcd_name_fn(const struct driver_session *v, const char *below);
etcd_name_fn etcd_name, etcd_staged, etcd_previous;

/* Sends the transaction; the session has its reply. */
MUST_CHECK bool etcd_send(struct driver_session *v, const struct etcd_txn *txn, struct err *e);

/* ---- the entries of a pair (etcd_pair.c) ---- */

/* One key of a pair, below KEY, KEY/staged/FINGERPRINT or KEY/previous. */
struct etcd_entry {
	const char *name;
	enum file_kind part; /* FILE_KIND_COUNT: the fingerprint */
};
enum {
	ETCD_ENTRIES = 5
};
extern const struct etcd_entry etcd_entries[ETCD_ENTRIES];

/* The job's pair as PEM texts. */
void etcd_job_pieces(const struct job *j, struct pair_files *out);
/* An entry's value for the job's pair, as base64; `out` must be empty. */
void etcd_entry_value(const struct job *j, const struct pair_files *pieces,
		      const struct etcd_entry *entry, struct secret *out);

/*
 * Checks the published pair, into the session's `held`.  When the private key was
 * not read, its revision stands for it: entries written together have the same
 * one.
 */
void etcd_judge(struct driver_session *v, bool with_key);
/* Whether the published pair is this one and undamaged; "": nothing published. */
bool etcd_holds(const struct driver_session *v, const char *fingerprint);
/* The fingerprint of the leaf in this entry of the reply; "": none. */
const char *etcd_leaf(const struct driver_session *v, const char *name);

#endif
