/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite file of a state: DIRECTORY/state.db.
 *
 * The file is created under a temporary name and renamed, so an existing file
 * is complete or damaged, never half made.  A reader copies it into memory and
 * closes it: the copy is of one moment, holds up no writer, and can be made
 * from a read-only directory.  A file that a reader found damaged is never
 * written.
 *
 * A file may be untrusted (a checkout that has not been reviewed): the file and
 * its companions must be regular files of root or ours, its size and every value
 * are bounded, its tables and indexes must be exactly those of the migrations
 * (no view, trigger or virtual table), views, triggers and untrusted functions
 * are off, and reading and checking end at a stop request or after a minute.
 */
#ifndef STATE_DATABASE_H
#define STATE_DATABASE_H

#include "base/auto.h"
#include "base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

void database_close(sqlite3 *db);
AUTO_TYPE(database, sqlite3 *, database_close)

/* Attributes of the file; false, with errno, when it cannot be looked at. */
bool database_look_at(const char *directory, struct stat *st);
/* A new one that is in no file and ends with its handle. */
MUST_CHECK bool database_in_memory(sqlite3 **out, struct err *e);
MUST_CHECK bool database_exists(const char *directory, bool *exists, struct err *e);
/*
 * Creates an empty database.  The caller holds the lock and has checked that
 * none exists.
 */
MUST_CHECK bool database_create(const char *directory, struct err *e);
/* Loads a checked copy into memory; the files are only read. */
MUST_CHECK bool database_load(const char *directory, sqlite3 **out, struct err *e);
/* Opens the file itself and migrates it to the newest layout; after database_load(). */
MUST_CHECK bool database_open(const char *directory, sqlite3 **out, struct err *e);

/* Executes statements; results are ignored. */
MUST_CHECK bool database_run(sqlite3 *db, const char *sql, struct err *e);
/*
 * Checkpoint: moves the write-ahead log into the file and truncates the log;
 * false while other processes read it.
 */
bool database_checkpoint(sqlite3 *db);
/* Complete check of integrity, indexes included; loading does the quick one. */
MUST_CHECK bool database_check_all(sqlite3 *db, struct err *e);
/* Sets `e` from SQLite's last error; returns false. */
bool database_fail(sqlite3 *db, const char *purpose, struct err *e);

#endif
