/* SPDX-License-Identifier: Apache-2.0 */
#include "state/backend.h"
#include "test.h"

#include "state_fixture.h"

#include "state/database.h"

#include <signal.h>

TEST(what_is_written_can_be_read)
{
	struct place *p = *state;
	AUTO(arena) a = { 0 };
	struct stored_record *list = NULL;
	size_t count = 0;
	struct err e = { 0 };
	struct backend *b = must_open(p, true);

	must_write(b, "a/2", "{\"two\":2}", false);
	must_write(b, "a/1", "{}", false);
	must_write(b, "ab", "{}", false);
	must_write(b, "gone", "{}", false);
	must_write(b, "gone", NULL, false);
	b->ops->close(b);

	b = must_open(p, false);
	assert_value(b, "a/2", "{\"two\":2}");
	assert_value(b, "gone", NULL);
	assert_true(b->ops->list(b, "a/", &a, &list, &count, &e));
	assert_int_equal(count, 2);
	assert_string_equal(list[0].key, "a/1");
	assert_string_equal(list[1].key, "a/2");
	assert_true(list[1].revision < list[0].revision);
	assert_true(b->ops->list(b, "", &a, &list, &count, &e));
	assert_int_equal(count, 3);
	b->ops->close(b);
}

TEST(a_reader_sees_one_moment_and_holds_up_nobody)
{
	struct place *p = *state;
	struct backend *writer = must_open(p, true);

	must_write(writer, "a", "1", false);
	struct backend *reader = must_open(p, false);

	must_write(writer, "a", "2", true);
	assert_value(reader, "a", "1");
	assert_value(writer, "a", "2");
	reader->ops->close(reader);
	writer->ops->close(writer);
}

TEST(a_reader_cannot_write)
{
	const struct record_write w = { "a", "{}" };
	const struct transaction t = { .writes = &w, .write_count = 1 };
	int64_t revision = 0;
	struct err e = { 0 };

	make_with(*state, "a", "1");
	struct backend *b = must_open(*state, false);

	assert_false(b->ops->transact(b, &t, &revision, &e));
	assert_int_equal(e.code, ERR_IO);
	b->ops->close(b);
}

TEST(all_compares_hold_or_nothing_is_written)
{
	struct backend *b = must_open(*state, true);
	const struct record_write writes[] = { { "b", "{}" }, { "a", NULL } };
	const struct record_compare compares[] = { { "a", 1 }, { "c", 7 } };
	struct transaction t = { compares, 2, writes, 2, false };
	int64_t revision = 0;
	struct err e = { 0 };

	must_write(b, "a", "{}", false);
	assert_false(b->ops->transact(b, &t, &revision, &e));
	assert_int_equal(e.code, ERR_STALE);
	assert_non_null(strstr(e.text, "'c'"));
	assert_value(b, "a", "{}");
	assert_value(b, "b", NULL);
	t.compare_count = 1;
	assert_true(b->ops->transact(b, &t, &revision, &e));
	assert_int_equal(revision, 2);
	assert_value(b, "a", NULL);
	b->ops->close(b);
}

TEST(a_compare_with_0_wants_no_record)
{
	struct backend *b = must_open(*state, true);
	const struct record_write w = { "a", "{}" };
	const struct record_compare c = { "a", 0 };
	const struct transaction t = { &c, 1, &w, 1, false };
	int64_t revision = 0;
	struct err e = { 0 };

	assert_true(b->ops->transact(b, &t, &revision, &e));
	assert_false(b->ops->transact(b, &t, &revision, &e));
	assert_int_equal(e.code, ERR_STALE);
	b->ops->close(b);
}

TEST(a_record_over_the_limit_is_refused)
{
	struct backend *b = must_open(*state, true);
	char *big = malloc(RECORD_LIMIT + 2);
	const struct record_write w[] = { { "b", "{}" }, { "a", big } };
	const struct transaction t = { .writes = w, .write_count = 2 };
	int64_t revision = 0;
	struct err e = { 0 };

	memset(big, 'x', RECORD_LIMIT + 1);
	big[RECORD_LIMIT + 1] = '\0';
	assert_false(b->ops->transact(b, &t, &revision, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_value(b, "b", NULL);
	b->ops->close(b);
	free(big);
}

static void die_in_a_transaction(const struct place *p)
{
	sqlite3 *db = NULL;
	struct err e = { 0 };

	if (!database_open(p->dir, &db, &e) ||
	    !database_run(
		    db,
		    "PRAGMA cache_size = 1; PRAGMA cache_spill = 1;BEGIN IMMEDIATE;UPDATE record SET value = 'half';WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO record SELECT 'x' || i, hex(randomblob(900)), 9 FROM n",
		    &e))
		_exit(9);
}

TEST(a_death_in_mid_transaction_leaves_what_was_committed)
{
	struct place *p = *state;
	struct stat st;

	make_with(p, "a", "{}");
	in_child(die_in_a_transaction, p);
	/* the test means something only if half of it reached the disk */
	assert_int_equal(stat(file_in(p, "state.db-wal"), &st), 0);
	assert_true(st.st_size > 100000);
	for (int create = 0; create < 2; create++) {
		struct backend *b = must_open(p, create);

		assert_value(b, "a", "{}");
		assert_value(b, "x1", NULL);
		b->ops->close(b);
	}
}

TEST(a_commit_survives_a_kill_right_after)
{
	in_child(leave_a_log, *state);
	struct backend *b = must_open(*state, true);

	assert_value(b, "a", "{\"b\":1}");
	b->ops->close(b);
}

TEST(no_file_for_it_leaves_the_state_unharmed)
{
	struct place *p = *state;
	struct backend *b = must_open(p, true);
	sqlite3 *db = NULL;
	struct err e = { 0 };

	must_write(b, "a", "{}", false);
	b->ops->close(b);
	/* a full database is what a full disk is to SQLite */
	assert_true(database_open(p->dir, &db, &e));
	assert_true(database_run(db, "PRAGMA max_page_count = 1", &e));
	assert_false(database_run(db, "INSERT INTO record VALUES ('big', hex(zeroblob(100000)), 9)",
				  &e));
	assert_int_equal(e.code, ERR_IO);
	assert_non_null(strstr(e.text, "full"));
	database_close(db);
	b = must_open(p, true);
	assert_value(b, "a", "{}");
	assert_value(b, "big", NULL);
	b->ops->close(b);
}

TEST(a_lock_names_its_holder_and_ends_with_it)
{
	struct place *p = *state;
	struct err e = { 0 };
	int ready[2];
	char byte;

	make_with(p, "a", "{}");
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();

	if (child == 0) {
		struct backend *b = must_open(p, true);

		if (b->ops->lock(b, "pid 7 on front", 0, &e))
			(void)!write(ready[1], "x", 1);
		pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	struct backend *b = must_open(p, true);

	assert_false(b->ops->lock(b, "the second", 0, &e));
	assert_int_equal(e.code, ERR_BUSY);
	assert_non_null(strstr(e.text, "pid 7 on front"));
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(b->ops->lock(b, "the second", 2000, &e));
	b->ops->close(b);
	close(ready[0]);
	close(ready[1]);
}

static void write_and_forget(struct backend *b)
{
	must_write(b, "key/1", "\"the marker of a secret\"", false);
	must_write(b, "key/2", "\"something that stays\"", false);
	must_write(b, "key/1", NULL, true);
}

TEST(what_is_forgotten_is_in_no_file)
{
	struct place *p = *state;
	struct backend *b = must_open(p, true);

	must_write(b, "key/1", "\"the marker of a secret\"", false);
	assert_true(is_in_files(p, "the marker of a secret"));
	write_and_forget(b);
	assert_false(is_in_files(p, "the marker of a secret"));
	assert_true(is_in_files(p, "something that stays"));
	b->ops->close(b);
}

TEST(a_log_that_a_reader_kept_is_emptied_later)
{
	struct place *p = *state;
	sqlite3 *db = NULL;
	struct err e = { 0 };
	struct backend *b = must_open(p, true);

	must_write(b, "key/1", "\"the marker of a secret\"", false);
	assert_true(database_open(p->dir, &db, &e));
	assert_true(database_run(db, "BEGIN; SELECT count(*) FROM record", &e));
	sqlite3_busy_timeout(db, 0);
	b->ops->close(b);
	assert_true(is_in_files(p, "the marker of a secret"));
	database_close(db);
	b = must_open(p, true);
	write_and_forget(b);
	b->ops->close(b);
	assert_false(is_in_files(p, "the marker of a secret"));
}

TEST_EACH(make_place, remove_place)
