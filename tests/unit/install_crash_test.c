/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each operation is killed before its first, second, ... state-changing
 * system call, until it completes; after each the paths hold the old or the
 * new pair whole, and a repeat finishes the work without leaving anything.
 */
#include "install_fixture.h"
#include "test.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
	POINTS_LIMIT = 400
};

static const long changing[] = {
	SYS_openat,   SYS_write,     SYS_fsync,     SYS_fchmod,   SYS_fchown,
	SYS_mkdirat,  SYS_renameat2, SYS_symlinkat, SYS_unlinkat, SYS_linkat,
#ifdef SYS_renameat
	SYS_renameat,
#endif
};

static bool is_changing(long number)
{
	for (size_t i = 0; i < sizeof(changing) / sizeof(*changing); i++)
		if (changing[i] == number)
			return true;
	return false;
}

struct scenario {
	struct install install;
	const struct pair *before; /* served before; NULL: nothing */
	const struct pair *after;
	bool (*prepare)(const struct install *i, struct err *e);
	bool (*run)(const struct install *i, struct err *e);
	bool has_mix; /* files are replaced one by one: killed in between they are mixed */
};

enum outcome {
	OUTCOME_KILLED,
	OUTCOME_DONE,
	OUTCOME_FAILED
};

/* Stops `pid` at each system call; kills it at entry of the `k`th. */
static enum outcome trace(pid_t pid, unsigned k)
{
	unsigned seen = 0;
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSTOPPED(status)) {
		print_message("SKIPPED: this system permits no ptrace\n");
		skip();
	}
	assert_int_equal(
		ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), 0);
	for (;;) {
		struct __ptrace_syscall_info info = { 0 };

		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, 0, 0), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status))
			return WEXITSTATUS(status) ? OUTCOME_FAILED : OUTCOME_DONE;
		assert_true(WIFSTOPPED(status));
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0);
		if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !is_changing((long)info.entry.nr) ||
		    ++seen < k)
			continue;
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		return OUTCOME_KILLED;
	}
}

static enum outcome run_until(const struct scenario *s, unsigned k)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct err e = { 0 };

		if (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP))
			_exit(3);
		_exit(s->run(&s->install, &e) ? 0 : 1);
	}
	return trace(pid, k);
}

static bool put_plain_directory(const struct install *i, struct err *e)
{
	(void)e;
	mkdir(i->directory, 0755);
	put_others();
	write_certs(at_root("site/fullchain.pem"), &old_pair);
	write_key(at_root("site/key.pem"), &old_pair, 0600);
	return true;
}

static bool put_linked_files(const struct install *i, struct err *e)
{
	(void)e;
	write_certs(at_root("elsewhere.crt"), &old_pair);
	write_key(at_root("elsewhere.key"), &old_pair, 0600);
	return !symlink("elsewhere.crt", i->certificate) && !symlink("elsewhere.key", i->key);
}

static void assert_old_or_new(const struct scenario *s, unsigned k)
{
	const char *now = served(&s->install);
	const char *before = s->before ? s->before->facts.fingerprint : "";
	const char *after = s->after ? s->after->facts.fingerprint : "";

	if (s->has_mix && (!now || !*now))
		return;
	if (!now || (strcmp(now, before) && strcmp(now, after)))
		fail_msg("killed before change %u: the paths hold %s", k,
			 now ? now : "a mixed pair");
	if (s->prepare == put_plain_directory)
		assert_others();
}

static int refuse_leftover(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return strstr(path, "tmp-certfleet") != NULL;
}

static void assert_converges(const struct scenario *s, unsigned k)
{
	struct err e = { 0 };

	if (!s->run(&s->install, &e))
		fail_msg("killed before change %u, the repeat says: %s", k, e.text);
	assert_served(&s->install, s->after);
	assert_installed(&s->install, s->after);
	if (nftw(root, refuse_leftover, 16, FTW_PHYS))
		fail_msg("killed before change %u: a temporary is left", k);
}

static void kill_at_every_change(const struct scenario *s)
{
	for (unsigned k = 1; k < POINTS_LIMIT; k++) {
		struct err e = { 0 };

		folder_remove(root);
		assert_int_equal(mkdir(root, 0700), 0);
		make_split_homes();
		must(!s->prepare || s->prepare(&s->install, &e), &e);
		assert_served(&s->install, s->before);

		enum outcome outcome = run_until(s, k);

		assert_old_or_new(s, k);
		assert_int_not_equal(outcome, OUTCOME_FAILED);
		assert_converges(s, k);
		if (outcome == OUTCOME_DONE) {
			assert_true(k > 3); /* it has been killed at all */
			return;
		}
	}
	fail_msg("it never completed");
}

static bool deploy_old(const struct install *i, struct err *e)
{
	return deploy(i, &old_pair, e);
}

static bool deploy_new(const struct install *i, struct err *e)
{
	return deploy(i, &new_pair, e);
}

static bool deploy_old_then_new(const struct install *i, struct err *e)
{
	return deploy_old(i, e) && deploy_new(i, e);
}

static bool revert_to_old(const struct install *i, struct err *e)
{
	return install_revert(i, old_pair.facts.fingerprint, e);
}

static bool revert_to_none(const struct install *i, struct err *e)
{
	return install_revert(i, "", e);
}

static bool remove_all(const struct install *i, struct err *e)
{
	return install_remove(i, e);
}

static bool put_plain_files(const struct install *i, struct err *e)
{
	(void)e;
	write_certs(i->certificate, &old_pair);
	write_key(i->key, &old_pair, 0600);
	return true;
}

static bool put_former_layout(const struct install *i, struct err *e)
{
	(void)e;
	plant_former_layout(i, &old_pair);
	return true;
}

/* Ours, then overwritten by plain files behind our back. */
static bool replace_links(const struct install *i, struct err *e)
{
	if (!deploy(i, &third_pair, e))
		return false;
	unlink(i->certificate);
	unlink(i->key);
	return put_plain_files(i, e);
}

TEST(a_first_directory)
{
	kill_at_every_change(&(struct scenario){
		.install = directory_form(), .after = &new_pair, .run = deploy_new });
}

TEST(a_directory_that_is_ours)
{
	kill_at_every_change(&(struct scenario){ .install = directory_form(),
						 .before = &old_pair,
						 .after = &new_pair,
						 .prepare = deploy_old,
						 .run = deploy_new });
}

TEST(a_plain_directory)
{
	kill_at_every_change(&(struct scenario){ .install = directory_form(),
						 .before = &old_pair,
						 .after = &new_pair,
						 .prepare = put_plain_directory,
						 .run = deploy_new });
}

TEST(a_directory_going_back)
{
	kill_at_every_change(&(struct scenario){ .install = directory_form(),
						 .before = &new_pair,
						 .after = &old_pair,
						 .prepare = deploy_old_then_new,
						 .run = revert_to_old });
}

TEST(a_directory_that_leaves)
{
	kill_at_every_change(&(struct scenario){ .install = directory_form(),
						 .before = &new_pair,
						 .prepare = deploy_old_then_new,
						 .run = remove_all });
}

TEST(first_paths)
{
	kill_at_every_change(&(struct scenario){
		.install = path_form(), .after = &new_pair, .run = deploy_new });
}

TEST(paths_that_are_ours)
{
	kill_at_every_change(&(struct scenario){ .install = path_form(),
						 .before = &old_pair,
						 .after = &new_pair,
						 .prepare = deploy_old,
						 .run = deploy_new });
}

TEST(plain_files)
{
	kill_at_every_change(&(struct scenario){ .install = path_form(),
						 .before = &old_pair,
						 .after = &new_pair,
						 .prepare = put_plain_files,
						 .run = deploy_new });
}

TEST(d3_links_of_others)
{
	for (int plain = 0; plain < 2; plain++) {
		struct scenario s = { .install = path_form(),
				      .before = &old_pair,
				      .after = &new_pair,
				      .prepare = put_linked_files,
				      .run = deploy_new,
				      .has_mix = plain };

		s.install.plain = plain;
		kill_at_every_change(&s);
	}
}

TEST(links_that_were_overwritten)
{
	kill_at_every_change(&(struct scenario){ .install = path_form(),
						 .before = &old_pair,
						 .after = &new_pair,
						 .prepare = replace_links,
						 .run = deploy_new });
}

TEST(first_paths_in_two_directories)
{
	kill_at_every_change(&(struct scenario){
		.install = split_form(), .after = &new_pair, .run = deploy_new });
}

TEST(paths_in_two_directories_that_are_ours)
{
	kill_at_every_change(&(struct scenario){ .install = split_form(),
						 .before = &old_pair,
						 .after = &new_pair,
						 .prepare = deploy_old,
						 .run = deploy_new });
}

TEST(plain_files_in_two_directories)
{
	kill_at_every_change(&(struct scenario){ .install = split_form(),
						 .before = &old_pair,
						 .after = &new_pair,
						 .prepare = put_plain_files,
						 .run = deploy_new });
}

TEST(paths_in_two_directories_going_back)
{
	kill_at_every_change(&(struct scenario){ .install = split_form(),
						 .before = &new_pair,
						 .after = &old_pair,
						 .prepare = deploy_old_then_new,
						 .run = revert_to_old });
}

TEST(paths_in_two_directories_that_leave)
{
	kill_at_every_change(&(struct scenario){ .install = split_form(),
						 .before = &new_pair,
						 .prepare = deploy_old_then_new,
						 .run = remove_all });
}

TEST(paths_of_the_former_layout)
{
	kill_at_every_change(&(struct scenario){ .install = split_form(),
						 .before = &old_pair,
						 .after = &new_pair,
						 .prepare = put_former_layout,
						 .run = deploy_new });
}

TEST(paths_going_back)
{
	kill_at_every_change(&(struct scenario){ .install = path_form(),
						 .before = &new_pair,
						 .after = &old_pair,
						 .prepare = deploy_old_then_new,
						 .run = revert_to_old });
}

TEST(paths_going_back_to_nothing)
{
	kill_at_every_change(&(struct scenario){ .install = path_form(),
						 .before = &new_pair,
						 .prepare = deploy_new,
						 .run = revert_to_none });
}

TEST(paths_that_leave)
{
	kill_at_every_change(&(struct scenario){ .install = path_form(),
						 .before = &new_pair,
						 .prepare = deploy_old_then_new,
						 .run = remove_all });
}

/* ---- plain files ---- */

static bool make_directory(const struct install *i, struct err *e)
{
	(void)i;
	(void)e;
	return !mkdir(at_root("site"), 0755) && !chmod(at_root("site"), 0755);
}

static bool deploy_links(const struct install *i, struct err *e)
{
	struct install linked = *i;

	linked.plain = false;
	return deploy(&linked, &old_pair, e);
}

static bool deploy_old_directory(const struct install *i, struct err *e)
{
	return make_directory(i, e) && deploy(i, &old_pair, e);
}

static void kill_plain(const struct scenario *s)
{
	struct scenario mixed = *s;

	mixed.install.plain = true;
	mixed.has_mix = true;
	kill_at_every_change(&mixed);
}

TEST(d1_first_plain_files)
{
	kill_plain(&(struct scenario){
		.install = path_form(), .after = &new_pair, .run = deploy_new });
}

TEST(d1_plain_files_that_are_ours)
{
	kill_plain(&(struct scenario){ .install = split_form(),
				       .before = &old_pair,
				       .after = &new_pair,
				       .prepare = deploy_old,
				       .run = deploy_new });
}

TEST(d1_plain_files_that_were_found)
{
	kill_plain(&(struct scenario){ .install = split_form(),
				       .before = &old_pair,
				       .after = &new_pair,
				       .prepare = put_plain_files,
				       .run = deploy_new });
}

TEST(d1_links_that_become_plain_files)
{
	kill_plain(&(struct scenario){ .install = path_form(),
				       .before = &old_pair,
				       .after = &new_pair,
				       .prepare = deploy_links,
				       .run = deploy_new });
}

TEST(d1_plain_files_going_back)
{
	kill_plain(&(struct scenario){ .install = path_form(),
				       .before = &new_pair,
				       .after = &old_pair,
				       .prepare = deploy_old_then_new,
				       .run = revert_to_old });
}

TEST(d1_plain_files_that_leave)
{
	kill_plain(&(struct scenario){ .install = split_form(),
				       .before = &new_pair,
				       .prepare = deploy_old_then_new,
				       .run = remove_all });
}

TEST(d1_a_plain_directory_of_ours)
{
	kill_plain(&(struct scenario){ .install = directory_form(),
				       .before = &old_pair,
				       .after = &new_pair,
				       .prepare = deploy_old_directory,
				       .run = deploy_new });
}

TEST_EACH(open_root, close_root)
TEST_GROUP(make_pairs, drop_pairs)
