/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storage backend of the state: a small transactional store of JSON records.
 *
 * Keys are paths ("generation/shop/3"), values are JSON text, every key has the
 * revision at which it was last written.  The interface is that of an etcd v3
 * transaction, so that a networked backend fits unchanged: all compares hold,
 * or nothing is written.  Private keys are sealed by state/seal.h before they
 * get here.
 *
 * The embedded backend is SQLite: one file, 0600, WAL, synchronous FULL,
 * secure_delete.
 */
#ifndef STATE_BACKEND_H
#define STATE_BACKEND_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RECORD_LIMIT = 4 * 1024 * 1024
};

struct stored_record {
	const char *key;
	const char *value;
	int64_t revision;
};

/* Write of one record; value NULL deletes it. */
struct record_write {
	const char *key;
	const char *value;
};

/* Required revision of a key; 0: the key must not exist. */
struct record_compare {
	const char *key;
	int64_t revision;
};

struct transaction {
	const struct record_compare *compares;
	size_t compare_count;
	const struct record_write *writes;
	size_t write_count;
	/* secure erase: old values also leave the files and the log, at once or
	 * when the last reader releases them */
	bool forget;
};

struct backend;

struct backend_ops {
	/* One record; ERR_MISSING when there is no such key. */
	bool (*get)(struct backend *b, const char *key, struct arena *a, struct stored_record *out,
		    struct err *e);
	/* All records whose key has this prefix, sorted. */
	bool (*list)(struct backend *b, const char *prefix, struct arena *a,
		     struct stored_record **out, size_t *count, struct err *e);
	/* Writes all or nothing; ERR_STALE when a compare does not hold.
	 * `revision` is that of the writes. */
	bool (*transact)(struct backend *b, const struct transaction *t, int64_t *revision,
			 struct err *e);
	/* Exclusive lock, held until close or process exit; ERR_BUSY names the holder. */
	bool (*lock)(struct backend *b, const char *holder, int64_t wait_ms, struct err *e);
	/* Complete check of the store's integrity; a flaw is ERR_IO. */
	bool (*check)(struct backend *b, struct err *e);
	void (*close)(struct backend *b);
};

struct backend {
	const struct backend_ops *ops;
};

/*
 * Opens the store in directory `path`.  With `create`, makes the directory
 * (0700, .gitignore of "*") and the file when missing.  Without, a missing
 * store is ERR_MISSING and nothing whatsoever is written: reads are from a copy
 * in memory, made on opening.  A damaged file is ERR_IO and is never touched.
 */
MUST_CHECK bool sqlite_backend_open(const char *path, bool create, struct backend **out,
				    struct err *e);
/* A new store in memory alone, which cannot be locked. */
MUST_CHECK bool sqlite_backend_in_memory(struct backend **out, struct err *e);

#endif
