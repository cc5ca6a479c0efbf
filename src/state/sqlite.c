/* SPDX-License-Identifier: Apache-2.0 */
#include "state/backend.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "state/database.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define LOCK_NAME "lock"

enum {
	CREATE_WAIT_MS = 10000,
	LIST_LIMIT = 1 << 30, /* bytes of one list */
};

enum statement {
	STMT_GET,
	STMT_LIST,
	STMT_REVISION,
	STMT_NEXT,
	STMT_PUT,
	STMT_DELETE,
	STMT_COUNT
};

static const char *const statements[] = {
	[STMT_GET] = "SELECT key, value, revision FROM record WHERE key = ?1",
	[STMT_LIST] =
		"SELECT key, value, revision FROM record WHERE key >= ?1 AND key < ?2 ORDER BY key",
	[STMT_REVISION] = "SELECT revision FROM record WHERE key = ?1",
	[STMT_NEXT] = "UPDATE counter SET revision = revision + 1 WHERE id = 1 RETURNING revision",
	[STMT_PUT] =
		"INSERT INTO record (key, value, revision) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision",
	[STMT_DELETE] = "DELETE FROM record WHERE key = ?1",
};
_Static_assert(sizeof(statements) / sizeof(*statements) == STMT_COUNT,
	       "every statement needs its text");

struct store {
	struct backend backend; /* first member: the ops' handle points to it */
	sqlite3 *db;
	sqlite3_stmt *stmts[STMT_COUNT];
	char *directory;
	bool writable;
	bool needs_checkpoint; /* erased values may still be in the log */
	int lockfd;
	struct stat file; /* of the database, when it was opened */
};

static struct store *of(struct backend *b)
{
	return (struct store *)b;
}

static void sqlite_close(struct backend *b)
{
	struct store *s = of(b);

	if (s->needs_checkpoint)
		database_checkpoint(s->db);
	for (size_t i = 0; i < STMT_COUNT; i++)
		sqlite3_finalize(s->stmts[i]);
	database_close(s->db);
	if (s->lockfd >= 0)
		close(s->lockfd);
	free(s->directory);
	free(s);
}

/* Prepared statement in use; reset for its next use on release. */
static void statement_reset(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}
AUTO_TYPE(statement, sqlite3_stmt *, statement_reset)

static bool in_state(struct store *s, const char *purpose, struct err *e)
{
	database_fail(s->db, purpose, e);
	return err_in(e, "state '%s'", s->directory);
}

static bool bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
	return sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC) == SQLITE_OK;
}

/* Prepares and binds a statement; NULL: see SQLite's error. */
static sqlite3_stmt *statement(struct store *s, enum statement which, const char *key)
{
	sqlite3_stmt **slot = &s->stmts[which];

	if (!*slot && sqlite3_prepare_v3(s->db, statements[which], -1, SQLITE_PREPARE_PERSISTENT,
					 slot, NULL) != SQLITE_OK)
		return NULL;
	if (key && !bind_text(*slot, 1, key))
		return NULL;
	return *slot;
}

static struct stored_record sqlite_read_row(sqlite3_stmt *stmt, struct arena *a)
{
	const char *key = (const char *)sqlite3_column_text(stmt, 0);
	const char *value = (const char *)sqlite3_column_text(stmt, 1);

	return (struct stored_record){
		.key = arena_strdup(a, key ? key : ""),
		.value = arena_strdup(a, value ? value : ""),
		.revision = sqlite3_column_int64(stmt, 2),
	};
}

static bool sqlite_get(struct backend *b, const char *key, struct arena *a,
		       struct stored_record *out, struct err *e)
{
	struct store *s = of(b);
	AUTO(statement) stmt = statement(s, STMT_GET, key);
	int code = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;

	if (code == SQLITE_DONE)
		return err_set(e, ERR_MISSING, "state '%s': no record '%s'", s->directory,
			       text_escaped(a, key));
	if (code != SQLITE_ROW)
		return in_state(s, "read a record", e);
	*out = sqlite_read_row(stmt, a);
	return true;
}

static bool sqlite_list(struct backend *b, const char *prefix, struct arena *a,
			struct stored_record **out, size_t *count, struct err *e)
{
	AUTO(arena) own = { 0 };
	struct store *s = of(b);
	VEC(struct stored_record) found = { 0 };
	/* keys are ASCII without DEL, so prefix + DEL sorts behind all of them */
	const char *end = arena_printf(&own, "%s\x7f", prefix);
	AUTO(statement) stmt = statement(s, STMT_LIST, prefix);
	size_t total = 0;
	int code = stmt && bind_text(stmt, 2, end) ? sqlite3_step(stmt) : SQLITE_ERROR;

	for (; code == SQLITE_ROW; code = sqlite3_step(stmt)) {
		total += (size_t)sqlite3_column_bytes(stmt, 1);
		if (total > LIST_LIMIT)
			return err_set(e, ERR_IO, "state '%s': too much under '%s'", s->directory,
				       prefix);
		VEC_PUSH(&found, a, sqlite_read_row(stmt, a));
	}
	if (code != SQLITE_DONE)
		return in_state(s, "read records", e);
	*out = found.items;
	*count = found.count;
	return true;
}

static bool sqlite_compare(struct store *s, const struct record_compare *c, struct err *e)
{
	AUTO(statement) stmt = statement(s, STMT_REVISION, c->key);
	int code = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;
	int64_t revision = 0;

	if (code == SQLITE_ROW)
		revision = sqlite3_column_int64(stmt, 0);
	else if (code != SQLITE_DONE)
		return in_state(s, "compare a record", e);
	if (revision != c->revision)
		return err_set(e, ERR_STALE,
			       "state '%s': another program changed '%s' meanwhile; plan again",
			       s->directory, c->key);
	return true;
}

static bool next_revision(struct store *s, int64_t *revision, struct err *e)
{
	AUTO(statement) stmt = statement(s, STMT_NEXT, NULL);

	if (!stmt || sqlite3_step(stmt) != SQLITE_ROW)
		return in_state(s, "count a revision", e);
	*revision = sqlite3_column_int64(stmt, 0);
	/* an UPDATE is complete at SQLITE_DONE, not at its first row */
	if (sqlite3_step(stmt) != SQLITE_DONE)
		return in_state(s, "count a revision", e);
	return true;
}

static bool write_record(struct store *s, const struct record_write *w, int64_t revision,
			 struct err *e)
{
	enum statement which = w->value ? STMT_PUT : STMT_DELETE;
	AUTO(statement) stmt = statement(s, which, w->key);

	if (w->value && strlen(w->value) > RECORD_LIMIT)
		return err_set(e, ERR_INPUT, "state '%s': '%s' is over %d bytes", s->directory,
			       w->key, RECORD_LIMIT);
	if (stmt && w->value &&
	    (!bind_text(stmt, 2, w->value) || sqlite3_bind_int64(stmt, 3, revision) != SQLITE_OK))
		return in_state(s, "write a record", e);
	if (!stmt || sqlite3_step(stmt) != SQLITE_DONE)
		return in_state(s, "write a record", e);
	return true;
}

static bool sqlite_write_all(struct store *s, const struct transaction *t, int64_t *revision,
			     struct err *e)
{
	for (size_t i = 0; i < t->compare_count; i++)
		if (!sqlite_compare(s, &t->compares[i], e))
			return false;
	if (!next_revision(s, revision, e))
		return false;
	for (size_t i = 0; i < t->write_count; i++)
		if (!write_record(s, &t->writes[i], *revision, e))
			return false;
	return true;
}

static bool transact(struct store *s, const struct transaction *t, int64_t *revision, struct err *e)
{
	if (!database_run(s->db, "BEGIN IMMEDIATE", e))
		return err_in(e, "state '%s'", s->directory);
	if (sqlite_write_all(s, t, revision, e)) {
		if (database_run(s->db, "COMMIT", e))
			return true;
		err_in(e, "state '%s'", s->directory);
	}
	/* SQLite has rolled back by itself after some errors */
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

static bool sqlite_transact(struct backend *b, const struct transaction *t, int64_t *revision,
			    struct err *e)
{
	struct store *s = of(b);
	int64_t written = 0;

	if (!s->writable)
		return err_set(e, ERR_IO, "state '%s' is open for reading only", s->directory);
	if (!transact(s, t, &written, e))
		return false;
	/* The transaction is valid whether or not the log can be truncated now;
	 * a reader prevents that, and the next transaction tries again. */
	if (t->forget || s->needs_checkpoint)
		s->needs_checkpoint = !database_checkpoint(s->db);
	*revision = written;
	return true;
}

static const char *lock_path(struct arena *a, const char *directory)
{
	return arena_printf(a, "%s/" LOCK_NAME, directory);
}

static bool is_same_file(const struct store *s)
{
	struct stat now;

	return database_look_at(s->directory, &now) && now.st_ino == s->file.st_ino &&
	       now.st_dev == s->file.st_dev;
}

static bool sqlite_lock(struct backend *b, const char *holder, int64_t wait_ms, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct store *s = of(b);

	assert(s->lockfd < 0);
	if (!fs_lock(lock_path(&a, s->directory), holder, wait_ms, &s->lockfd, e))
		return false;
	/* a restore puts another directory there */
	return is_same_file(s) ||
	       err_set(e, ERR_STALE,
		       "the state '%s' was replaced by another one meanwhile; try again",
		       s->directory);
}

static bool sqlite_check(struct backend *b, struct err *e)
{
	return database_check_all(of(b)->db, e) || err_in(e, "state '%s'", of(b)->directory);
}

static const struct backend_ops ops = {
	.get = sqlite_get,
	.list = sqlite_list,
	.transact = sqlite_transact,
	.lock = sqlite_lock,
	.check = sqlite_check,
	.close = sqlite_close,
};

/* Write access to the directory is control over the state. */
static bool sqlite_check_directory(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return err_set(e, ERR_MISSING, "there is no state in '%s'", path);
		return err_sys(e, "cannot look into '%s'", path);
	}
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & 022)
		return err_set(
			e, ERR_IO,
			"'%s' belongs to another user, or others can write to it; make it yours with mode 0700",
			path);
	return true;
}

/* Creates the database under the lock: two concurrent starts make one state. */
static bool make_database(const char *path, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(fd) lock = -1;
	bool exists = false;

	if (!fs_lock(lock_path(&a, path), "making the state", CREATE_WAIT_MS, &lock, e) ||
	    !database_exists(path, &exists, e))
		return false;
	return exists || database_create(path, e);
}

static bool find_database(const char *path, bool create, struct err *e)
{
	bool exists = false;

	if (!(create ? fs_make_private_dir(path, e) : sqlite_check_directory(path, e)))
		return false;
	if (!database_exists(path, &exists, e))
		return err_in(e, "state '%s'", path);
	if (exists)
		return true;
	if (!create)
		return err_set(e, ERR_MISSING, "there is no state in '%s'", path);
	return make_database(path, e);
}

/* Takes the database over. */
static struct store *store_new(sqlite3 **taken, const char *directory, bool writable)
{
	struct store *s = xcalloc(1, sizeof(*s));

	s->backend.ops = &ops;
	s->db = TAKE(*taken);
	s->directory = xstrdup(directory);
	s->writable = writable;
	s->lockfd = -1;
	return s;
}

bool sqlite_backend_open(const char *path, bool create, struct backend **out, struct err *e)
{
	AUTO(database) copy = NULL;
	AUTO(database) file = NULL;
	struct store *s = NULL;
	struct stat before;

	if (!find_database(path, create, e))
		return false;
	if (!database_look_at(path, &before))
		return err_sys(e, "cannot look at the state");
	if (!database_load(path, &copy, e) || (create && !database_open(path, &file, e)))
		return err_in(e, "state '%s'", path);
	s = store_new(create ? &file : &copy, path, create);
	s->file = before;
	*out = &s->backend;
	return true;
}

bool sqlite_backend_in_memory(struct backend **out, struct err *e)
{
	AUTO(database) db = NULL;

	if (!database_in_memory(&db, e))
		return false;
	*out = &store_new(&db, "in memory", true)->backend;
	return true;
}
