/* SPDX-License-Identifier: Apache-2.0 */
#include "state/database.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/stop.h"
#include "base/text.h"
#include "state/backend.h"
#include "state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_NAME "state.db"
#define NEW_NAME ".state.db.new"

enum {
	APPLICATION_ID = 0x63666c74, /* "cflt", for file(1) */
	PAGE_MINIMUM = 512,
	LOG_HEADER = 32, /* bytes before the first frame */
	BUSY_WAIT_MS = 10,
	BUSY_ROUNDS = 1000, /* ten seconds */
	LOAD_ATTEMPTS = 5,
	FILE_LIMIT = 1024 * 1024 * 1024, /* bytes of the file or of its log */
	SCHEMA_LIMIT = 64 * 1024,        /* bytes of the schema's text */
	CHECK_OPERATIONS = 10000,        /* SQLite operations between two time checks */
	CHECK_MS = 60000,                /* to read and check an existing file */
};

/* Row N migrates layout N to layout N + 1; rows are never changed. */
static const char *const migrations[] = {
	"PRAGMA application_id = 1667656820;CREATE TABLE record ( key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL, revision INTEGER NOT NULL) STRICT;CREATE TABLE counter ( id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL) STRICT;INSERT INTO counter (id, revision) VALUES (1, 0);",
};
_Static_assert(APPLICATION_ID == 1667656820, "the first migration writes this number");

enum {
	LAYOUT = sizeof(migrations) / sizeof(*migrations)
};

/* Ways to read the files without writing to them. */
enum read_access {
	READ_BY_SHARED,  /* log with its index: SQLite's locks work */
	READ_BY_SETTLED, /* no log: the file alone is complete */
	READ_BY_LOG,     /* log without its index, as in a partial copy */
	READ_BY_COUNT
};

static const char *const access_queries[] = {
	[READ_BY_SHARED] = "?mode=ro&readonly_shm=1",
	[READ_BY_SETTLED] = "?mode=ro&immutable=1",
	[READ_BY_LOG] = "?mode=ro&vfs=unix-none",
};
_Static_assert(sizeof(access_queries) / sizeof(*access_queries) == READ_BY_COUNT,
	       "every way to read needs its query");

void database_close(sqlite3 *db)
{
	sqlite3_close(db);
}

static bool late(const char *purpose, struct err *e)
{
	if (stop_requested())
		return err_set(e, ERR_STOPPED, "cannot %s: stopped as asked", purpose);
	return err_set(e, ERR_IO, "cannot %s: that takes more than %d s; " STATE_REMEDY, purpose,
		       CHECK_MS / 1000);
}

bool database_fail(sqlite3 *db, const char *purpose, struct err *e)
{
	const char *why = sqlite3_errmsg(db);

	switch (sqlite3_errcode(db)) {
	case SQLITE_INTERRUPT:
		return late(purpose, e);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(
			e, ERR_BUSY,
			"cannot %s: another program is using the state; try again when it is done",
			purpose);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(e, ERR_IO, "cannot %s: the state is damaged (%s); " STATE_REMEDY,
			       purpose, why);
	default:
		return err_set(e, ERR_IO, "cannot %s: %s", purpose, why);
	}
}

static bool damaged(const char *why, struct err *e)
{
	return err_set(e, ERR_IO, "the state is damaged: %s; " STATE_REMEDY, why);
}

/* Busy handler of SQLite: 0 gives up. */
static int wait_busy(void *ctx, int round)
{
	(void)ctx;
	if (round >= BUSY_ROUNDS || stop_requested())
		return 0;
	clock_sleep_ms(BUSY_WAIT_MS);
	return 1;
}

/* Time limit of a load. */
struct load_limit {
	int64_t end_ms;
	bool stopped; /* a stop was requested before: the load may continue */
};

/* Progress handler: a malicious file could keep SQLite busy forever. */
static int is_over(void *ctx)
{
	const struct load_limit *p = ctx;

	return (stop_requested() && !(p && p->stopped)) || (p && clock_mono_ms() >= p->end_ms);
}

/*
 * Sets the time limit; `p` is borrowed until the next call.  NULL: only a stop
 * ends the work.
 */
static void set_load_limit(sqlite3 *db, struct load_limit *p)
{
	sqlite3_progress_handler(db, CHECK_OPERATIONS, is_over, p);
}

/*
 * Hardening against a malicious file: a file defines its own tables, views and
 * functions to run.  None of that is trusted, and no value may be larger than
 * certfleet writes.
 */
static void believe_nothing(sqlite3 *db)
{
	static const struct {
		int what;
		int most;
	} limits[] = {
		{ SQLITE_LIMIT_LENGTH, 2 * RECORD_LIMIT },
		{ SQLITE_LIMIT_SQL_LENGTH, 64 * 1024 },
		{ SQLITE_LIMIT_COLUMN, 64 },
		{ SQLITE_LIMIT_EXPR_DEPTH, 32 },
		{ SQLITE_LIMIT_COMPOUND_SELECT, 4 },
		{ SQLITE_LIMIT_VDBE_OP, 64 * 1024 },
		{ SQLITE_LIMIT_FUNCTION_ARG, 8 },
		{ SQLITE_LIMIT_ATTACHED, 0 },
		{ SQLITE_LIMIT_VARIABLE_NUMBER, 16 },
		{ SQLITE_LIMIT_TRIGGER_DEPTH, 1 },
		{ SQLITE_LIMIT_WORKER_THREADS, 0 },
	};

	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		sqlite3_limit(db, limits[i].what, limits[i].most);
}

static bool open_uri(const char *path, const char *query, int flags, sqlite3 **out, struct err *e)
{
	AUTO(database) db = NULL;
	AUTO(buf) uri = { 0 };

	buf_puts(&uri, "file:");
	text_percent(&uri, path);
	buf_puts(&uri, query);
	if (sqlite3_open_v2(buf_text(&uri), &db, flags | SQLITE_OPEN_URI, NULL) != SQLITE_OK)
		return database_fail(db, "open the state", e);
	sqlite3_extended_result_codes(db, 0);
	sqlite3_busy_handler(db, wait_busy, NULL);
	believe_nothing(db);
	*out = TAKE(db);
	return true;
}

bool database_run(sqlite3 *db, const char *sql, struct err *e)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return database_fail(db, "use the state", e);
	return true;
}

/* Single value of a query, as text ("" for no row). */
static bool database_request(sqlite3 *db, const char *sql, struct buf *answer, struct err *e)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		buf_puts(answer, (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return database_fail(db, "read the state", e);
	return true;
}

static bool ask_number(sqlite3 *db, const char *sql, int *number, struct err *e)
{
	AUTO(buf) answer = { 0 };

	if (!database_request(db, sql, &answer, e))
		return false;
	*number = atoi(buf_text(&answer));
	return true;
}

/* ---- files ---- */

static const char *file_path(struct arena *a, const char *directory, const char *name)
{
	return arena_printf(a, "%s/%s", directory, name);
}

/* Size of a file; -1 when it does not exist. */
static off_t size_of(const char *directory, const char *name)
{
	AUTO(arena) a = { 0 };
	struct stat st;

	if (lstat(file_path(&a, directory, name), &st) != 0)
		return -1;
	return st.st_size;
}

bool database_look_at(const char *directory, struct stat *st)
{
	AUTO(arena) a = { 0 };

	return lstat(file_path(&a, directory, FILE_NAME), st) == 0;
}

/* SQLite would block on a pipe, and would replay a log of any owner. */
static bool check_file(const char *path, const char *name, struct err *e)
{
	AUTO(buf) why = { 0 };
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT || errno == ENOTDIR ||
		       err_sys(e, "cannot look at '%s'", path);
	if (!S_ISREG(st.st_mode))
		buf_printf(&why, "'%s' is not a regular file", name);
	else if (st.st_size > FILE_LIMIT)
		buf_printf(&why, "'%s' has more than %d bytes", name, FILE_LIMIT);
	if (why.len)
		return damaged(buf_text(&why), e);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & 022)
		return err_set(
			e, ERR_IO,
			"'%s' belongs to another user (%u), or others can write to it; make it yours with mode 0600",
			path, (unsigned)st.st_uid);
	return true;
}

bool database_exists(const char *directory, bool *exists, struct err *e)
{
	static const char *const names[] = { FILE_NAME, FILE_NAME "-wal", FILE_NAME "-shm",
					     FILE_NAME "-journal" };
	AUTO(arena) a = { 0 };
	struct stat st;

	*exists = false;
	if (!database_look_at(directory, &st)) {
		if (errno != ENOENT && errno != ENOTDIR)
			return err_sys(e, "cannot look for the state");
		/* SQLite would replay the old log into a new file */
		if (size_of(directory, FILE_NAME "-wal") > 0)
			return damaged("'" FILE_NAME "' is missing, but its log is there", e);
		return true;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!check_file(file_path(&a, directory, names[i]), names[i], e))
			return false;
	/* SQLite would turn an empty file into a new state, and drop the log */
	if (st.st_size < PAGE_MINIMUM)
		return damaged("'" FILE_NAME "' is cut short", e);
	*exists = true;
	return true;
}

static enum read_access find_access(const char *directory)
{
	off_t log = size_of(directory, FILE_NAME "-wal");

	/* The writer was killed before the first frame.  SQLite, unable to
	 * write, would wait for another writer's recovery until it times out. */
	if (log > 0 && log <= LOG_HEADER)
		return READ_BY_SETTLED;
	if (log >= 0 && size_of(directory, FILE_NAME "-shm") >= 0)
		return READ_BY_SHARED;
	return log > 0 ? READ_BY_LOG : READ_BY_SETTLED;
}

/* ---- reading ---- */

static bool copy_to_memory(sqlite3 *from, sqlite3 **out, struct err *e)
{
	AUTO(database) to = NULL;
	int busy = 0;

	if (!open_uri(":memory:", "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, &to, e))
		return false;

	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int code = SQLITE_BUSY;

	/* in one step: with a read-only log, SQLite starts over at each step */
	while (backup) {
		code = sqlite3_backup_step(backup, -1);
		if (code != SQLITE_BUSY || !wait_busy(NULL, busy++))
			break;
	}
	sqlite3_backup_finish(backup);
	if (code != SQLITE_DONE)
		return database_fail(to, "read the state", e);
	*out = TAKE(to);
	return true;
}

static bool load_by(const char *directory, enum read_access access, struct load_limit *p,
		    sqlite3 **out, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(database) db = NULL;

	if (!open_uri(file_path(&a, directory, FILE_NAME), access_queries[access],
		      SQLITE_OPEN_READONLY, &db, e))
		return false;
	set_load_limit(db, p);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	/* with mmap, a file truncated meanwhile would kill us with SIGBUS */
	if (!database_run(db, "PRAGMA mmap_size = 0", e))
		return false;
	/* in exclusive mode SQLite keeps the log's index in memory */
	if (access == READ_BY_LOG && !database_run(db, "PRAGMA locking_mode = EXCLUSIVE", e))
		return false;
	return copy_to_memory(db, out, e);
}

static bool check_layout(sqlite3 *db, struct err *e)
{
	int application = 0;
	int layout = 0;

	if (!ask_number(db, "PRAGMA application_id", &application, e) ||
	    !ask_number(db, "PRAGMA user_version", &layout, e))
		return false;
	if (application != APPLICATION_ID || layout < 1)
		return damaged("'" FILE_NAME "' was not made by certfleet", e);
	if (layout > LAYOUT)
		return err_set(
			e, ERR_INPUT,
			"the state was written by a newer certfleet (layout %d, this one knows %d); use that one",
			layout, LAYOUT);
	return true;
}

/* Migrates to layout `wanted`, one transaction per layout. */
static bool migrate(sqlite3 *db, int wanted, struct err *e)
{
	int layout = 0;

	if (!ask_number(db, "PRAGMA user_version", &layout, e))
		return false;
	for (; layout < wanted; layout++) {
		AUTO(buf) sql = { 0 };

		buf_printf(&sql, "BEGIN IMMEDIATE; %s PRAGMA user_version = %d; COMMIT",
			   migrations[layout], layout + 1);
		if (!database_run(db, buf_text(&sql), e))
			return false;
	}
	return true;
}

static bool open_in_memory(int layout, sqlite3 **out, struct err *e)
{
	AUTO(database) db = NULL;

	if (!open_uri(":memory:", "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, &db, e) ||
	    !migrate(db, layout, e))
		return false;
	*out = TAKE(db);
	return true;
}

bool database_in_memory(sqlite3 **out, struct err *e)
{
	return open_in_memory(LAYOUT, out, e);
}

/* Text of the schema: every table, index, view and trigger. */
static bool list_schema(sqlite3 *db, struct buf *out, struct err *e)
{
	static const char query[] =
		"SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(db, query, -1, &stmt, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	for (; code == SQLITE_ROW && !out->failed; code = sqlite3_step(stmt))
		for (int i = 0; i < sqlite3_column_count(stmt); i++) {
			const void *text = sqlite3_column_text(stmt, i);

			buf_printf(out, "%s\n", text ? (const char *)text : "");
		}
	sqlite3_finalize(stmt);
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		return database_fail(db, "read the state", e);
	return true;
}

/*
 * Compares the schema with that of the migrations: a view named like a table
 * would be queried in its place.
 */
static bool check_schema(sqlite3 *db, struct err *e)
{
	AUTO(database) like = NULL;
	AUTO(buf) due = { 0 };
	AUTO(buf) found = { .limit = SCHEMA_LIMIT };
	int layout = 0;

	if (!ask_number(db, "PRAGMA user_version", &layout, e) ||
	    !open_in_memory(layout, &like, e) || !list_schema(like, &due, e) ||
	    !list_schema(db, &found, e))
		return false;
	if (!found.failed && !strcmp(buf_text(&due), buf_text(&found)))
		return true;
	return damaged("'" FILE_NAME "' has other tables than certfleet makes", e);
}

static bool check_integrity(sqlite3 *db, const char *pragma, struct err *e)
{
	AUTO(buf) verdict = { 0 };

	if (!database_request(db, pragma, &verdict, e))
		return false;
	if (strcmp(buf_text(&verdict), "ok") != 0)
		return damaged(buf_text(&verdict), e);
	return true;
}

static bool database_check(sqlite3 *db, struct err *e)
{
	return check_layout(db, e) && check_schema(db, e) &&
	       check_integrity(db, "PRAGMA quick_check(1)", e);
}

bool database_check_all(sqlite3 *db, struct err *e)
{
	return check_integrity(db, "PRAGMA integrity_check(1)", e);
}

/* Whether the file is unchanged; only a checkpoint changes it. */
static bool database_is_unchanged(const char *directory, const struct stat *before)
{
	struct stat now;

	return database_look_at(directory, &now) && now.st_ino == before->st_ino &&
	       now.st_size == before->st_size && now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

/* Sets *whole when no writer can have intervened during the copy. */
static bool load_once(const char *directory, struct load_limit *p, sqlite3 **out, bool *whole,
		      struct err *e)
{
	enum read_access access = find_access(directory);
	struct stat before;

	if (!database_look_at(directory, &before))
		return err_sys(e, "cannot look at the state");
	if (!load_by(directory, access, p, out, e))
		return false;
	*whole = access == READ_BY_SHARED ||
		 (access == find_access(directory) && database_is_unchanged(directory, &before));
	return true;
}

bool database_load(const char *directory, sqlite3 **out, struct err *e)
{
	struct load_limit load_limit = { .end_ms = clock_mono_ms() + CHECK_MS,
					 .stopped = stop_requested() };

	for (int attempt = 0; attempt < LOAD_ATTEMPTS; attempt++) {
		AUTO(database) db = NULL;
		bool whole = false;

		if (!load_once(directory, &load_limit, &db, &whole, e))
			return false;
		if (!whole)
			continue;
		set_load_limit(db, &load_limit);
		if (!database_check(db, e))
			return false;
		if (load_limit.stopped)
			sqlite3_progress_handler(db, 0, NULL, NULL);
		else
			set_load_limit(db, NULL);
		*out = TAKE(db);
		return true;
	}
	return err_set(e, ERR_BUSY, "cannot read the state: it is being written; try again");
}

/* ---- writing ---- */

static bool use_log(sqlite3 *db, struct err *e)
{
	AUTO(buf) mode = { 0 };

	if (!database_request(db, "PRAGMA journal_mode = WAL", &mode, e))
		return false;
	if (strcmp(buf_text(&mode), "wal") != 0)
		return err_set(
			e, ERR_IO,
			"cannot use the state: its file system has no shared memory for SQLite's log; keep it on a local one");
	return true;
}

static bool database_prepare(sqlite3 *db, struct err *e)
{
	return database_run(
		db,
		"PRAGMA synchronous = FULL;PRAGMA secure_delete = ON;PRAGMA temp_store = MEMORY;PRAGMA mmap_size = 0;PRAGMA trusted_schema = OFF;PRAGMA cell_size_check = ON",
		e);
}

static bool fill_new(const char *path, struct err *e)
{
	AUTO(database) db = NULL;

	return open_uri(path, "", SQLITE_OPEN_READWRITE, &db, e) && database_prepare(db, e) &&
	       migrate(db, LAYOUT, e) && use_log(db, e);
}

static void remove_new(const char *directory)
{
	static const char *const names[] = { NEW_NAME, NEW_NAME "-journal", NEW_NAME "-wal",
					     NEW_NAME "-shm" };
	AUTO(arena) a = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(file_path(&a, directory, names[i]));
}

bool database_create(const char *directory, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(fd) fd = -1;
	const char *path = file_path(&a, directory, NEW_NAME);

	remove_new(directory);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "cannot make '%s'", path);
	if (!fill_new(path, e)) {
		remove_new(directory);
		return err_in(e, "cannot make '%s'", path);
	}
	if (rename(path, file_path(&a, directory, FILE_NAME)) != 0)
		return err_sys(e, "cannot rename '%s'", path);
	return fs_sync_dir(directory, e);
}

bool database_open(const char *directory, sqlite3 **out, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(database) db = NULL;
	int keep = 1;

	if (!open_uri(file_path(&a, directory, FILE_NAME), "", SQLITE_OPEN_READWRITE, &db, e))
		return false;
	/* read-only readers need the log and its index */
	sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	if (!check_schema(db, e) || !database_prepare(db, e) || !use_log(db, e) ||
	    !migrate(db, LAYOUT, e) || !database_run(db, "PRAGMA journal_size_limit = 0", e))
		return false;
	/* secure erase that a crash interrupted */
	database_checkpoint(db);
	*out = TAKE(db);
	return true;
}

bool database_checkpoint(sqlite3 *db)
{
	AUTO(buf) busy = { 0 };
	struct err ignored = { 0 };

	return database_request(db, "PRAGMA wal_checkpoint(TRUNCATE)", &busy, &ignored) &&
	       strcmp(buf_text(&busy), "0") == 0;
}
