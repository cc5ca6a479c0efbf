/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine does when something fails half-way: what it takes back,
 * what it activates, what it remembers, and the exit status that says so.
 * Activations write a line to `log`; a file `bad` makes one fail, once.
 */
#include "engine_fixture.h"
#include "test.h"

#include "base/stop.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define ACTIVATE                                                        \
	"activate: {command: [sh, -c, \"echo x >> log; if [ -e bad ]; " \
	"then rm bad; exit 1; fi\"]}"

#define FLEET(subject, restart, components)                                 \
	"certificates:\n"                                                   \
	"  web: {subject: \"CN=" subject "\", issuer: self" COMMIT "}\n"    \
	"roles:\n"                                                          \
	"  r: {restart: {timeout: 1s, max_unavailable: 100%" restart "}}\n" \
	"components:\n" components

#define COMMIT ""
#define ROLLBACK ", on_failure: rollback"
#define MEMBER(name, more)                                          \
	"  " name ": {role: r, certificate: web, deliver: {files: " \
	"{directory: " name "}}, " ACTIVATE more "}\n"
#define PAIR_OF(more)     \
	MEMBER("a", more) \
	MEMBER("b", more)
#define TOGETHER ", process: p"

static void run_in(const struct world *w, const char *command)
{
	char text[512];

	snprintf(text, sizeof(text), "cd %s && %s", w->folder, command);
	assert_int_equal(system(text), 0);
}

static size_t activations(const struct world *w)
{
	char text[512] = "";
	size_t count = 0;

	if (there(w, "log"))
		slurp(w, "log", text, sizeof(text));
	for (const char *at = text; *at; at++)
		count += *at == 'x';
	return count;
}

static void leaf(const struct world *w, const char *name, char out[4096])
{
	char path[64];

	snprintf(path, sizeof(path), "%s/leaf.pem", name);
	slurp(w, path, out, 4096);
}

static void assert_leaf(const struct world *w, const char *name, const char *expected, bool same)
{
	char now[4096];

	leaf(w, name, now);
	if (same)
		assert_string_equal(now, expected);
	else
		assert_string_not_equal(now, expected);
}

struct memory {
	bool rejected;
	bool error;
	bool due;
};

static struct memory remembered(const struct world *w, const char *name)
{
	AUTO(fleet) f = { 0 };
	AUTO(diags) d = { 0 };
	AUTO(engine) en = NULL;
	AUTO(arena) a = { 0 };
	struct engine_options o = { .fleet = &f };
	const struct component_seen *list = NULL;
	struct memory m = { 0 };
	struct err e = { 0 };
	size_t count = 0;

	assert_true(load_fleet(w->file, subject_canonical, &f, &d, &e));
	assert_true(engine_open(&o, &en, &e));
	assert_true(state_components(engine_state(en), &a, &list, &count, &e));
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].name, name))
			m = (struct memory){ list[i].rejected_count > 0, list[i].last_error != NULL,
					     list[i].activation_due != NULL };
	return m;
}

/* Fails like the other, and takes away what b had before. */
#define SPOIL                                                               \
	"activate: {command: [sh, -c, \"[ -e bad ] || exit 0; rm bad; for " \
	"d in .b.certfleet/*; do [ \\\"$(readlink b)\\\" = $d ] || rm -rf " \
	"$d; done; exit 1\"]}"
#define SPOILED(name)                                                   \
	"  " name ": {role: r, process: p, certificate: web, deliver: " \
	"{files: {directory: " name "}}, " SPOIL "}\n"

TEST(a_process_that_is_not_wholly_back_is_not_called_rolled_back)
{
	const struct world *w = *state;

	write_fleet(w, FLEET("one", ROLLBACK, PAIR_OF(TOGETHER)));
	assert_applied(apply_it(w));
	run_in(w, "touch bad");
	write_fleet(w, FLEET("two", ROLLBACK, SPOILED("a") SPOILED("b")));

	struct told t = apply_it(w);

	assert_int_equal(t.result.exit_status, 7);
	assert_int_equal(t.result.rolled_back, 0);
}

TEST(a_process_is_activated_again_although_one_member_is_new)
{
	const struct world *w = *state;
	char before[4096];

	write_fleet(w, FLEET("one", ROLLBACK, MEMBER("b", TOGETHER)));
	assert_applied(apply_it(w));
	leaf(w, "b", before);
	run_in(w, "touch bad");
	write_fleet(w, FLEET("two", ROLLBACK, PAIR_OF(TOGETHER)));

	struct told t = apply_it(w);

	assert_int_equal(activations(w), 3);
	assert_leaf(w, "b", before, true);
	assert_false(there(w, "a"));
	/* nothing could prove that the process is as it was */
	assert_int_equal(t.result.exit_status, 7);
}

/* The component whose store an event takes away. */
static void break_commit_of_b(void *ctx, const struct event *event)
{
	const struct world *w = ctx;

	if (event->kind == EVENT_STEP_STARTED && event->step->kind == STEP_COMMIT &&
	    !strcmp(event->step->component, "b"))
		run_in(w,
		       "rm .b.certfleet/staged && for d in .b.certfleet/*; do [ \"$(readlink b)\" = $d ] || rm -rf $d; done");
}

static struct told apply_without_b(const struct world *w)
{
	return run_wish(w, (struct wish){ .apply = true, .listen = break_commit_of_b });
}

TEST(rolling_back_what_is_postponed_activates_nothing)
{
	const struct world *w = *state;
	char before[4096];

	write_fleet(w, FLEET("one", ROLLBACK, PAIR_OF("")));
	assert_applied(apply_it(w));
	leaf(w, "a", before);
	write_fleet(w, FLEET("two", ROLLBACK ", when: postponed", PAIR_OF("")));

	struct told t = apply_without_b(w);

	assert_int_equal(activations(w), 2);
	assert_leaf(w, "a", before, true);
	assert_leaf(w, "b", before, true);
	assert_int_equal(t.result.exit_status, 8);
	assert_false(remembered(w, "a").due);
}

#undef COMMIT
#define COMMIT ", commit: all-first"

TEST(nothing_all_first_is_activated_before_all_is_committed)
{
	const struct world *w = *state;

	write_fleet(w, FLEET("one", "", PAIR_OF("")));
	assert_applied(apply_it(w));
	write_fleet(w, FLEET("two", "", PAIR_OF("")));

	struct told t = apply_without_b(w);

	assert_int_equal(t.result.exit_status, 7);
	assert_int_equal(activations(w), 2);
	assert_applied(apply_it(w));
	assert_int_equal(activations(w), 4);
}

TEST(an_all_first_commit_that_failed_is_taken_back)
{
	const struct world *w = *state;
	char before[4096];

	write_fleet(w, FLEET("one", ROLLBACK, PAIR_OF("")));
	assert_applied(apply_it(w));
	leaf(w, "a", before);
	write_fleet(w, FLEET("two", ROLLBACK, PAIR_OF("")));

	struct told t = apply_without_b(w);

	assert_int_equal(t.result.exit_status, 8);
	assert_int_equal(activations(w), 2);
	assert_leaf(w, "a", before, true);
}

#undef COMMIT
#define COMMIT ""

TEST(what_went_well_at_last_is_not_held_against_it)
{
	const struct world *w = *state;
	const struct wish accepted = { .apply = true,
				       .choices = { .acks = (const char *const[]){ "rolled-back" },
						    .ack_count = 1 } };

	write_fleet(w, FLEET("one", ROLLBACK, PAIR_OF("")));
	assert_applied(apply_it(w));
	run_in(w, "touch bad");
	write_fleet(w, FLEET("two", ROLLBACK, PAIR_OF("")));
	assert_int_equal(apply_it(w).result.exit_status, 7);
	assert_true(remembered(w, "a").rejected);
	assert_true(remembered(w, "a").error);
	assert_applied(run_wish(w, accepted));
	assert_false(remembered(w, "a").rejected);
	assert_false(remembered(w, "a").error);
}

TEST(an_activation_that_works_at_last_clears_the_error)
{
	const struct world *w = *state;

	run_in(w, "touch bad");
	write_fleet(w, FLEET("one", "", MEMBER("a", "")));
	assert_int_equal(apply_it(w).result.exit_status, 7);
	assert_true(remembered(w, "a").error);
	assert_applied(apply_it(w));
	assert_false(remembered(w, "a").error);
	assert_int_equal(activations(w), 2);
}

TEST(what_a_run_saw_is_the_last_observation)
{
	write_fleet(*state, FLEET("one", "", PAIR_OF("")));
	assert_applied(apply_it(*state));
	assert_string_equal(run_wish(*state, (struct wish){ .offline = true }).steps, "");
}

TEST(removed_files_are_a_change)
{
	const struct world *w = *state;
	static const char two[] = FLEET("one", "",
					MEMBER("a", "") MEMBER("b", ", retire: {remove: true}")
						MEMBER("c", ", retire: {remove: true}"));

	write_fleet(w, two);
	assert_applied(apply_it(w));
	/* a version that cannot be removed: its directories go too deep */
	run_in(w, "mkdir -p .c.certfleet/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20");
	write_fleet(w, FLEET("one", "", MEMBER("a", "")));

	struct told t = run_wish(
		w, (struct wish){ .apply = true,
				  .choices = { .acks = (const char *const[]){ "mass-retire" },
					       .ack_count = 1 } });

	assert_false(there(w, "b"));
	assert_int_equal(t.result.exit_status, 7);
}

static int stops; /* sent at the verification */

static void stop_at_verify(void *ctx, const struct event *event)
{
	(void)ctx;
	for (int i = 0;
	     event->kind == EVENT_STEP_STARTED && event->step->kind == STEP_VERIFY && i < stops;
	     i++)
		raise(SIGTERM);
}

/* A device that takes a pair into use when it is written, and tells nothing. */
#define DEVICE                                                                        \
	"  a: {role: r, certificate: web, deliver: {command: {probe: [sh, -c, \"cat " \
	"dev.pem 2>/dev/null || true\"], commit: [sh, -c, \"cp "                      \
	"$CERTFLEET_PAIR/fullchain.pem dev.pem\"]}}}\n"
#define FAILING(name)                                                                \
	"  " name ": {role: r, certificate: web, deliver: {files: {directory: " name \
	"}}, activate: {http: {post: \"http://127.0.0.1:9/\"}}}\n"

TEST(a_swap_at_the_commit_is_not_called_rolled_back_without_a_proof)
{
	const struct world *w = *state;
	char before[4096];
	char now[4096];

	write_fleet(w, FLEET("one", ROLLBACK, DEVICE));
	assert_applied(apply_it(w));
	slurp(w, "dev.pem", before, sizeof(before));
	write_fleet(w, FLEET("two", ROLLBACK, DEVICE FAILING("b")));

	struct told t = apply_it(w);

	slurp(w, "dev.pem", now, sizeof(now));
	assert_string_equal(now, before);
	assert_int_equal(t.result.rejected, 2);
	assert_int_equal(t.result.rolled_back, 0);
	assert_int_equal(t.result.exit_status, 7);
}

/* ---- roll backs that were killed ---- */

static void kill_at_roll_back(void *ctx, const struct event *event)
{
	(void)ctx;
	if (event->kind == EVENT_NOTE && strstr(event->text, "rolling back"))
		raise(SIGKILL);
}

static void apply_killed(const struct world *w, event_fn *listen)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		char text[64];

		snprintf(text, sizeof(text), "echo %d > pid", getpid());
		run_in(w, text);
		run_wish(w, (struct wish){ .apply = true, .listen = listen });
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* Fails with `bad`; the activation after that, of the former pair, kills the apply. */
#define KILLING                                                               \
	"  a: {role: r, certificate: web, deliver: {files: {directory: a}}, " \
	"activate: {command: [sh, -c, \"echo x >> log; if [ -e bad ]; then "  \
	"[ ! -e deadly ] || mv deadly killing; [ -e stays ] || rm bad; exit " \
	"1; fi; if [ -e killing ]; then rm killing; kill -9 $(cat pid); "     \
	"fi\"]}}\n"

static void begin_killed(const struct world *w, char before[4096])
{
	write_fleet(w, FLEET("one", ROLLBACK, KILLING));
	assert_applied(apply_it(w));
	leaf(w, "a", before);
	write_fleet(w, FLEET("two", ROLLBACK, KILLING));
}

TEST(a_pair_that_fails_again_after_a_kill_is_taken_back)
{
	const struct world *w = *state;
	char before[4096];

	begin_killed(w, before);
	run_in(w, "touch bad stays");
	apply_killed(w, kill_at_roll_back);
	assert_leaf(w, "a", before, false);
	run_in(w, "rm stays");

	struct told t = apply_it(w);

	assert_string_equal(t.steps, "activate web a; ");
	assert_leaf(w, "a", before, true);
	assert_true(remembered(w, "a").rejected);
	assert_int_equal(activations(w), 4);
	assert_string_equal(plan_it(w).preconditions,
			    "acknowledge rolled-back a; info failed-before a; ");
}

TEST(a_roll_back_that_was_killed_is_the_only_step_of_the_next_apply)
{
	const struct world *w = *state;
	char before[4096];

	begin_killed(w, before);
	run_in(w, "touch bad deadly");
	apply_killed(w, NULL);
	assert_leaf(w, "a", before, true);
	assert_true(remembered(w, "a").due);

	struct told t = apply_it(w);

	assert_string_equal(t.steps, "rollback web a; ");
	/* that its former pair was activated is known, but nothing can prove it */
	assert_int_equal(activations(w), 3);
	assert_int_equal(t.result.exit_status, 1);
	assert_false(remembered(w, "a").due);
	assert_leaf(w, "a", before, true);
	assert_string_equal(plan_it(w).preconditions,
			    "acknowledge rolled-back a; info failed-before a; ");
}

TEST(a_roll_back_that_was_killed_is_given_up_when_that_is_accepted)
{
	const struct world *w = *state;
	const struct wish accepted = { .apply = true,
				       .choices = { .acks = (const char *const[]){ "rolled-back" },
						    .ack_count = 1 } };
	char before[4096];

	begin_killed(w, before);
	run_in(w, "touch bad deadly");
	apply_killed(w, NULL);
	assert_applied(run_wish(w, accepted));
	assert_leaf(w, "a", before, false);
	assert_string_equal(plan_it(w).steps, "");
}

/* ---- all-first: what waits for its activation ---- */

#undef COMMIT
#define COMMIT ", commit: all-first"

TEST(an_all_first_swap_at_the_commit_is_not_called_rolled_back_without_a_proof)
{
	const struct world *w = *state;

	write_fleet(w, FLEET("one", ROLLBACK, DEVICE MEMBER("b", "")));
	assert_applied(apply_it(w));
	write_fleet(w, FLEET("two", ROLLBACK, DEVICE MEMBER("b", "")));

	struct told t = apply_without_b(w);

	assert_int_equal(t.result.rejected, 1);
	assert_int_equal(t.result.rolled_back, 0);
	assert_int_equal(t.result.exit_status, 7);
}

TEST(an_all_first_pair_that_was_not_activated_is_taken_back_with_the_failed)
{
	const struct world *w = *state;
	char before[4096];

	write_fleet(w, FLEET("one", ROLLBACK ", canary: 1", PAIR_OF("")));
	assert_applied(apply_it(w));
	leaf(w, "b", before);
	write_fleet(w, FLEET("two", ROLLBACK ", canary: 1", FAILING("a") MEMBER("b", "")));

	struct told t = apply_it(w);

	/* a may have taken the new pair up, and has no port; b cannot have */
	assert_int_equal(t.result.rejected, 2);
	assert_int_equal(t.result.rolled_back, 1);
	assert_leaf(w, "a", before, true);
	assert_leaf(w, "b", before, true);
	assert_int_equal(activations(w), 2);
	assert_false(remembered(w, "b").due);
	assert_int_equal(t.result.exit_status, 7);
}

#undef COMMIT
#define COMMIT ""

/* A pair that is not served, and `count` stops at its verification. */
static struct told apply_and_stop(const struct world *w, int count, char before[4096])
{
	struct told t;

	write_fleet(w, FLEET("one", ROLLBACK, MEMBER("a", "")));
	assert_applied(apply_it(w));
	leaf(w, "a", before);
	write_fleet(w, FLEET("two", ROLLBACK, MEMBER("a", ", verify: {tls: \"127.0.0.1:9\"}")));
	stops = count;
	stop_only_by(SIGTERM);
	t = run_wish(w, (struct wish){ .apply = true, .listen = stop_at_verify });
	stop_only_by(SIGTERM); /* forgets them */
	return t;
}

TEST(e4_a_stop_lets_a_verification_end_and_the_roll_back_follow)
{
	const struct world *w = *state;
	char before[4096];
	struct told t = apply_and_stop(w, 1, before);

	/* put back; nothing can prove it, for nobody listens there */
	assert_int_equal(t.result.rejected, 1);
	assert_leaf(w, "a", before, true);
	assert_true(remembered(w, "a").rejected);
}

TEST(e4_a_further_stop_ends_the_verification_and_is_no_reason_to_roll_back)
{
	const struct world *w = *state;
	char before[4096];
	struct told t = apply_and_stop(w, 2, before);

	assert_int_equal(t.result.exit_status, 7);
	assert_leaf(w, "a", before, false);
	assert_false(remembered(w, "a").rejected);
}

TEST_EACH(setup, teardown)
