/* SPDX-License-Identifier: Apache-2.0 */
#include "state/database.h"
#include "test.h"

#include "state_fixture.h"

#include <fcntl.h>
#include <sqlite3.h>

static void assert_refused(const struct place *p, bool create, enum err_code code, const char *word)
{
	struct backend *b = NULL;
	struct err e = { 0 };

	assert_false(sqlite_backend_open(p->dir, create, &b, &e));
	assert_null(b);
	if (e.code != code || !strstr(e.text, word))
		fail_msg("%d: %s", e.code, e.text);
}

TEST(files_are_ours_alone)
{
	struct place *p = *state;
	struct stat st;

	umask(0);
	struct backend *b = must_open(p, true);

	must_write(b, "a", "{}", false);
	umask(022);
	assert_int_equal(stat(p->dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(file_in(p, "state.db"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(file_in(p, "state.db-wal"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(access(file_in(p, ".gitignore"), F_OK), 0);
	assert_int_equal(access(file_in(p, ".state.db.new"), F_OK), -1);
	b->ops->close(b);
}

TEST(reading_what_is_not_there_makes_nothing)
{
	struct place *p = *state;

	assert_refused(p, false, ERR_MISSING, "there is no state");
	assert_int_equal(access(p->dir, F_OK), -1);
	assert_int_equal(mkdir(p->dir, 0700), 0);
	assert_refused(p, false, ERR_MISSING, "there is no state");
	assert_int_equal(each_file(p->dir, remove_file, NULL), 2);
}

static void assert_reading_leaves_no_trace(const struct place *p)
{
	AUTO(buf) before = { 0 };
	AUTO(buf) after = { 0 };

	picture(p, &before);
	struct backend *b = must_open(p, false);

	assert_value(b, "a", "{\"b\":1}");
	b->ops->close(b);
	picture(p, &after);
	assert_same_picture(&before, &after);
}

TEST(reading_a_settled_state_leaves_no_trace)
{
	make_with(*state, "a", "{\"b\":1}");
	assert_reading_leaves_no_trace(*state);
}

TEST(reading_after_a_kill_leaves_no_trace)
{
	in_child(leave_a_log, *state);
	assert_reading_leaves_no_trace(*state);
}

TEST(reading_a_log_without_its_index_leaves_no_trace)
{
	struct place *p = *state;

	in_child(leave_a_log, p);
	unlink(file_in(p, "state.db-shm"));
	assert_reading_leaves_no_trace(p);
}

TEST(reading_a_log_that_was_just_begun_leaves_no_trace)
{
	struct place *p = *state;

	make_with(p, "a", "{\"b\":1}");
	in_child(leave_a_log, p);
	assert_int_equal(truncate(file_in(p, "state.db-wal"), 32), 0);
	assert_reading_leaves_no_trace(p);
	make_with(p, "c", "{}");
	assert_reading_leaves_no_trace(p);
}

TEST(reading_the_file_alone_leaves_no_trace)
{
	struct place *p = *state;

	make_with(p, "a", "{\"b\":1}");
	unlink(file_in(p, "state.db-shm"));
	unlink(file_in(p, "state.db-wal"));
	assert_reading_leaves_no_trace(p);
}

/* Root may write everywhere, so its child gives up its privileges first. */
static void read_without_privileges(const struct place *p)
{
	if (geteuid() == 0 && (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534)))
		_exit(9);
	struct backend *b = must_open(p, false);

	assert_value(b, "a", "{\"b\":1}");
}

static void make_readable(void *ctx, const char *path)
{
	(void)ctx;
	chmod(path, 0444);
}

TEST(a_directory_that_cannot_be_written_can_be_read)
{
	struct place *p = *state;

	in_child(leave_a_log, p);
	each_file(p->dir, make_readable, NULL);
	assert_int_equal(chmod(p->dir, 0555), 0);
	assert_int_equal(chmod(p->home, 0755), 0);
	in_child(read_without_privileges, p);
}

static void overwrite(const struct place *p, off_t at, const char *bytes, size_t len)
{
	int fd = open(file_in(p, "state.db"), O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, bytes, len, at), len);
	close(fd);
}

/* Refused by readers and writers, and not a byte of it changes. */
static void assert_damaged(const struct place *p, const char *word)
{
	AUTO(buf) before = { 0 };
	AUTO(buf) after = { 0 };

	unlink(file_in(p, "lock"));
	picture(p, &before);
	assert_refused(p, false, ERR_IO, word);
	assert_refused(p, false, ERR_IO, "certfleet backup restore");
	assert_refused(p, true, ERR_IO, word);
	picture(p, &after);
	assert_same_picture(&before, &after);
}

static void make_some(const struct place *p)
{
	char key[16];
	struct backend *b = must_open(p, true);

	for (int i = 0; i < 200; i++) {
		snprintf(key, sizeof(key), "key/%d", i);
		must_write(b, key, "{\"some\":\"text that takes some room\"}", false);
	}
	b->ops->close(b);
}

TEST(an_empty_file_is_refused)
{
	make_some(*state);
	assert_int_equal(truncate(file_in(*state, "state.db"), 0), 0);
	assert_damaged(*state, "cut short");
}

TEST(a_file_cut_short_is_refused)
{
	make_some(*state);
	assert_int_equal(truncate(file_in(*state, "state.db"), 9000), 0);
	assert_damaged(*state, "damaged");
}

TEST(garbage_is_refused)
{
	char garbage[8192];

	memset(garbage, 'g', sizeof(garbage));
	make_some(*state);
	overwrite(*state, 0, garbage, sizeof(garbage));
	assert_damaged(*state, "damaged");
}

TEST(a_damaged_page_is_refused)
{
	char garbage[4096];

	memset(garbage, 0x5a, sizeof(garbage));
	make_some(*state);
	overwrite(*state, 3 * 4096, garbage, sizeof(garbage));
	assert_damaged(*state, "damaged");
}

TEST(a_lost_file_beside_its_log_is_refused)
{
	in_child(leave_a_log, *state);
	unlink(file_in(*state, "state.db"));
	assert_refused(*state, false, ERR_IO, "log is there");
	assert_refused(*state, true, ERR_IO, "log is there");
}

TEST(somebody_elses_database_is_refused)
{
	struct place *p = *state;
	sqlite3 *db = NULL;

	assert_int_equal(mkdir(p->dir, 0700), 0);
	assert_int_equal(sqlite3_open(file_in(p, "state.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_refused(p, false, ERR_IO, "not made by certfleet");
	assert_refused(p, true, ERR_IO, "not made by certfleet");
}

TEST(a_newer_layout_is_refused)
{
	struct place *p = *state;
	sqlite3 *db = NULL;
	struct err e = { 0 };

	make_with(p, "a", "{}");
	assert_true(database_open(p->dir, &db, &e));
	assert_true(database_run(db, "PRAGMA user_version = 99", &e));
	database_close(db);
	assert_refused(p, false, ERR_INPUT, "newer certfleet");
	assert_refused(p, true, ERR_INPUT, "newer certfleet");
}

TEST(a_directory_others_can_write_is_refused)
{
	struct place *p = *state;

	make_with(p, "a", "{}");
	assert_int_equal(chmod(p->dir, 0777), 0);
	assert_refused(p, false, ERR_IO, "others");
	assert_refused(p, true, ERR_IO, "others");
}

TEST(a_half_made_state_is_made_again)
{
	struct place *p = *state;

	assert_int_equal(mkdir(p->dir, 0700), 0);
	close(open(file_in(p, ".state.db.new"), O_CREAT | O_WRONLY, 0600));
	assert_refused(p, false, ERR_MISSING, "there is no state");
	make_with(p, "a", "{}");
	assert_int_equal(access(file_in(p, ".state.db.new"), F_OK), -1);
}

/* Changes the file as somebody might who has nothing but sqlite3. */
static void tamper(const struct place *p, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(file_in(p, "state.db"), &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* Asked in place of the table it would never end. */
TEST(s17_a_view_in_place_of_a_table_is_refused)
{
	make_with(*state, "a", "{}");
	tamper(*state,
	       "DROP TABLE record;CREATE VIEW record AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT 'a' AS key, '{}' AS value, x AS revision FROM n WHERE x < 0");
	assert_refused(*state, false, ERR_IO, "other tables than certfleet");
	assert_refused(*state, true, ERR_IO, "other tables than certfleet");
}

TEST(s17_a_trigger_is_refused)
{
	make_with(*state, "a", "{}");
	tamper(*state, "CREATE TRIGGER t AFTER UPDATE ON counter BEGIN DELETE FROM record; END");
	assert_refused(*state, false, ERR_IO, "other tables than certfleet");
	assert_refused(*state, true, ERR_IO, "other tables than certfleet");
}

TEST(s17_a_generated_column_is_refused)
{
	make_with(*state, "a", "{}");
	tamper(*state,
	       "ALTER TABLE record ADD COLUMN more TEXT GENERATED ALWAYS AS (hex(zeroblob(1000000)))");
	assert_refused(*state, false, ERR_IO, "other tables than certfleet");
}

TEST(s17_a_value_that_is_too_large_is_refused)
{
	struct place *p = *state;
	struct backend *b = NULL;
	AUTO(arena) a = { 0 };
	struct stored_record found = { 0 };
	struct err e = { 0 };

	make_with(p, "a", "{}");
	tamper(p, "UPDATE record SET value = hex(zeroblob(10000000))");
	if (!sqlite_backend_open(p->dir, false, &b, &e))
		return;
	assert_false(b->ops->get(b, "a", &a, &found, &e));
	b->ops->close(b);
}

TEST(s17_a_pipe_beside_the_file_is_refused)
{
	struct place *p = *state;

	make_with(p, "a", "{}");
	unlink(file_in(p, "state.db-wal"));
	assert_int_equal(mkfifo(file_in(p, "state.db-wal"), 0600), 0);
	assert_refused(p, false, ERR_IO, "is not a regular file");
	assert_refused(p, true, ERR_IO, "is not a regular file");
}

TEST(s17_a_file_that_others_can_write_is_refused)
{
	struct place *p = *state;

	make_with(p, "a", "{}");
	assert_int_equal(chmod(file_in(p, "state.db"), 0666), 0);
	assert_refused(p, false, ERR_IO, "belongs to another user");
}

TEST_EACH(make_place, remove_place)
