/* SPDX-License-Identifier: Apache-2.0 */
/* The driver `command`: what runs, with what, and what is left behind. */
#include "driver_fixture.h"
#include "test.h"

#include "base/fs.h"
#include "drivers/pair_directory.h"

#include <sys/stat.h>
#include <unistd.h>

static int open_commands(void **state)
{
	if (open_root(state))
		return -1;
	drivers = drivers_new(&(const struct drivers_options){ .directory = at_root("."),
							       .private_directory = at_root(".") });
	return 0;
}

static int close_commands(void **state)
{
	drivers_free(drivers);
	return close_root(state);
}
/* Scripts by verb; each adds its verb and what it is told to the file `ran`. */
static struct component scripted(const char *const scripts[DECLARED_COUNT])
{
	struct commands *c = ARENA_NEW(&test_arena, struct commands);

	c->timeout = 60;
	for (int verb = 0; verb < DECLARED_COUNT; verb++) {
		const char **argv = arena_array(&test_arena, 4, sizeof(*argv));

		if (!scripts[verb])
			continue;
		argv[0] = "sh";
		argv[1] = "-c";
		argv[2] = arena_printf(
			&test_arena,
			"echo %s $CERTFLEET_FINGERPRINT ${CERTFLEET_PAIR:+pair} >>ran; %s",
			declared_verb_names[verb], scripts[verb]);
		c->argv[verb] = argv;
	}
	return (struct component){ .name = "lb",
				   .deliver = { .kind = DRIVER_COMMAND, .command = c } };
}

static const char *text_at(const char *name)
{
	AUTO(buf) text = { 0 };
	struct err e = { 0 };

	(void)!fs_read(at_root(name), 1 << 20, &text, &e);
	return arena_strdup(&test_arena, buf_text(&text));
}

static const char *lines(const char *first, const char *second, const char *third)
{
	return arena_printf(&test_arena, "%s\n%s\n%s%s", first, second, third, *third ? "\n" : "");
}

static const char *ran(const char *verb, const char *fingerprint, const char *pair)
{
	return arena_printf(&test_arena, "%s %s%s%s", verb, fingerprint, *pair ? " " : "", pair);
}

#define NEW new_pair.facts.fingerprint
#define OLD old_pair.facts.fingerprint

TEST(a_probe_prints_a_fingerprint_a_certificate_or_nothing)
{
	const struct {
		const char *script;
		const char *installed;
	} rows[] = {
		{ arena_printf(&test_arena, "echo noise >&2; echo %s", NEW), NEW },
		{ arena_printf(&test_arena, "echo SHA256 Fingerprint=%s", NEW), NEW },
		{ arena_printf(&test_arena, "echo '%s'", leaf_pem(&new_pair)), NEW },
		{ "true", "" },
		{ "echo", "" },
		{ "echo abc", NULL },
		{ arena_printf(&test_arena, "echo a; echo %s", NEW), NULL },
		{ "yes | head -c 1000000", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct component c = scripted(
			(const char *[DECLARED_COUNT]){ [DECLARED_PROBE] = rows[i].script });
		struct job job = run(&c, DRIVER_PROBE, NULL);

		if (!rows[i].installed) {
			assert_failed(&job, ERR_REMOTE, "neither a SHA-256 fingerprint");
			continue;
		}
		assert_done(&job);
		assert_true(job.seen.online);
		assert_string_equal(job.seen.installed, rows[i].installed);
	}
}

TEST(a_command_that_fails_is_quoted_by_its_last_line_without_keys)
{
	static const struct {
		const char *script;
		const char *text;
	} rows[] = {
		{ "echo out; echo first >&2; echo '  last one  ' >&2; exit 3",
		  "'probe': 'sh' ended with status 3:   last one" },
		{ "exit 4", "'probe': 'sh' ended with status 4" },
		{ "echo key AbCdEfGhIjKlMnOpQrStUvWxYz0123456789 >&2; exit 5",
		  "'probe': 'sh' ended with status 5: key ..." },
		{ "printf 'a\\033[1mb' >&2; exit 6",
		  "'probe': 'sh' ended with status 6: a\\x1b[1mb" },
		{ "kill -9 $$", "'probe': 'sh' was killed by signal 9" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct component c = scripted(
			(const char *[DECLARED_COUNT]){ [DECLARED_PROBE] = rows[i].script });
		struct job job = run(&c, DRIVER_PROBE, NULL);

		assert_false(job.done);
		assert_string_equal(job.error.text, rows[i].text);
	}
}

TEST(without_a_stage_the_commit_gets_the_pair)
{
	struct component c = scripted((const char *[DECLARED_COUNT]){
		[DECLARED_PROBE] = "cat now 2>/dev/null || true",
		[DECLARED_COMMIT] =
			"cp $CERTFLEET_PAIR/key.pem key; echo $CERTFLEET_FINGERPRINT >now" });
	struct job job = run(&c, DRIVER_STAGE, &new_pair);

	assert_done(&job);
	assert_string_equal(text_at("ran"), "probe\n");
	job = run(&c, DRIVER_COMMIT, &new_pair);
	assert_done(&job);
	assert_true(job.began);
	assert_string_equal(text_at("ran"), lines("probe", "probe", ran("commit", NEW, "pair")));
	assert_string_equal(text_at("key"), key_pem(&new_pair));
	assert_int_equal(access(at_root("pair"), F_OK), -1);
	job = run(&c, DRIVER_COMMIT, &new_pair);
	assert_done(&job);
	assert_false(job.began);
	job = run(&c, DRIVER_ACTIVATE, &new_pair);
	assert_done(&job);
	job = run(&c, DRIVER_ACTIVATE, &old_pair);
	assert_failed(&job, ERR_REMOTE, "but still reports");
}

TEST(a_commit_replaces_only_what_is_expected)
{
	struct component c = scripted((const char *[DECLARED_COUNT]){
		[DECLARED_PROBE] = arena_printf(&test_arena, "echo %s", OLD),
		[DECLARED_COMMIT] = "true" });
	struct job job = commit_over(&c, &new_pair, &new_pair);

	job = commit_over(&c, &new_pair, &third_pair);
	assert_failed(&job, ERR_STALE, "as expected");
	assert_false(job.began);
	job = commit_over(&c, &new_pair, &old_pair);
	assert_done(&job);
}

TEST(a_revert_stages_and_commits_the_former_pair_or_removes)
{
	struct component c = scripted((const char *[DECLARED_COUNT]){
		[DECLARED_PROBE] = "true", [DECLARED_STAGE] = "true", [DECLARED_COMMIT] = "true" });
	struct job job = run(&c, DRIVER_REVERT, &old_pair);

	assert_done(&job);
	assert_string_equal(text_at("ran"),
			    lines(ran("stage", OLD, "pair"), ran("commit", OLD, "pair"), ""));
	job.set = NULL;
	drivers_run(drivers, &job, 1);
	assert_failed(&job, ERR_MISSING, "is not in the state");
	job = run(&c, DRIVER_REVERT, NULL);
	assert_failed(&job, ERR_MISSING, "no command 'remove'");

	unlink(at_root("ran"));
	c = scripted((const char *[DECLARED_COUNT]){ [DECLARED_PROBE] = "true",
						     [DECLARED_COMMIT] = "true",
						     [DECLARED_REVERT] = "true",
						     [DECLARED_REMOVE] = "true" });
	job = run(&c, DRIVER_REVERT, &old_pair);
	assert_done(&job);
	job.set = NULL; /* the device may have kept it itself */
	drivers_run(drivers, &job, 1);
	assert_done(&job);
	job = run(&c, DRIVER_REVERT, NULL);
	assert_done(&job);
	assert_string_equal(text_at("ran"),
			    lines(ran("revert", OLD, "pair"), ran("revert", OLD, ""), "remove"));
}

TEST(a_remove_leaves_the_pair_of_another_writer)
{
	struct component c = scripted((const char *[DECLARED_COUNT]){
		[DECLARED_PROBE] = arena_printf(&test_arena, "echo %s", OLD),
		[DECLARED_COMMIT] = "true",
		[DECLARED_REMOVE] = "true" });
	struct job job = run(&c, DRIVER_REMOVE, &new_pair);

	assert_done(&job);
	assert_string_equal(text_at("ran"), "probe\n");
	job = run(&c, DRIVER_REMOVE, &old_pair);
	assert_done(&job);
	assert_string_equal(text_at("ran"), lines("probe", "probe", ran("remove", OLD, "")));
}

TEST(a_key_cannot_be_read)
{
	struct component c = scripted((const char *[DECLARED_COUNT]){ [DECLARED_PROBE] = "true" });
	struct job job = run(&c, DRIVER_READ, &old_pair);

	assert_failed(&job, ERR_MISSING, "cannot be read by a command");
}

TEST(a_leftover_is_overwritten_and_removed)
{
	const char *path = NULL;
	struct err e = { 0 };
	char bytes[8] = "x";
	FILE *held = NULL;

	assert_true(pair_directory_make(at_root("."), &new_pair.set, &new_pair.key, &test_arena,
					&path, &e));
	held = fopen(at_root("pair/key.pem"), "r");
	assert_non_null(held);
	assert_int_equal(mkdir(at_root("pair/more"), 0700), 0);
	assert_true(drivers_clean(drivers, &e));
	assert_int_equal(fread(bytes, 1, sizeof(bytes), held), sizeof(bytes));
	assert_memory_equal(bytes, "\0\0\0\0\0\0\0\0", sizeof(bytes));
	fclose(held);
	assert_int_equal(access(at_root("pair"), F_OK), -1);
	assert_true(drivers_clean(drivers, &e));
}

TEST(a_pair_that_cannot_be_removed_is_an_error)
{
	struct component c = scripted((const char *[DECLARED_COUNT]){
		[DECLARED_PROBE] = "true", [DECLARED_COMMIT] = "mv pair elsewhere; echo >pair" });
	struct job job = run(&c, DRIVER_COMMIT, &new_pair);

	assert_failed(&job, ERR_IO, "which may hold a key");
}

TEST_EACH(open_commands, close_commands)
TEST_GROUP(make_pairs, drop_pairs)
