/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQLite file of a state: DIRECTORY/state.db.
 *
 * It is made whole beside its place and renamed into it, so a file that is
 * there is complete or damaged, never half made.  A reader takes a copy into
 * memory and lets go of the file: it sees one moment, holds up no writer, and
 * works on a directory it cannot write to.  Nothing is written to a file
 * that a reader found damaged.
 *
 * A file may be a stranger's (a checkout that nobody has reviewed): it and its
 * companions are regular files of root or ours, its size and every value are
 * bounded, its tables and indexes are exactly those that the migrations make
 * (no view, trigger or virtual table), views, triggers and untrusted functions
 * are off, and reading and checking it ends at a stop or after a minute.
 */
#ifndef STATE_DATABASE_H
#define STATE_DATABASE_H

#include "base/auto.h"
#include "base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

void database_close(sqlite3 *db);
AUTO_TYPE(database, sqlite3 *, database_close)

MUST_CHECK bool database_exists(const char *directory, bool *exists, struct err *e);
/* A new, empty one.  The caller holds the lock and saw that none is there. */
MUST_CHECK bool database_create(const char *directory, struct err *e);
/* A checked copy in memory; the files are only read. */
MUST_CHECK bool database_load(const char *directory, sqlite3 **out, struct err *e);
/* The file itself, brought to the newest layout; after database_load(). */
MUST_CHECK bool database_open(const char *directory, sqlite3 **out, struct err *e);

/* Statements without a result that matters. */
MUST_CHECK bool database_run(sqlite3 *db, const char *sql, struct err *e);
/* Empties the write-ahead log into the file; false while others read it. */
bool database_settle(sqlite3 *db);
/* What SQLite last complained about, as an error; returns false. */
bool database_fail(sqlite3 *db, const char *purpose, struct err *e);

#endif
