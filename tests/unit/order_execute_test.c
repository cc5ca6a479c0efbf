/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_fixture.h"
#include "test.h"

#include "agent/install_half.h"
#include "base/clock.h"

/* An order that was checked, with what it brings along. */
struct ordering {
	struct order order;
	const struct pair *pair; /* what comes with it; NULL: nothing */
};

static struct ordering ordering_of(enum order_action action)
{
	return (struct ordering){
		.order = order_to(action),
		.pair = action == ORDER_STAGE ? &new_pair : NULL,
	};
}

static bool perform(const struct ordering *o, struct problem *p)
{
	struct verified_order checked = { .order = o->order };
	struct order_request request = { 0 };
	const struct order_execution deed = { .config = &config,
					      .component = component(o->order.component),
					      .checked = &checked,
					      .request = &request };
	struct err e = { 0 };
	bool done = false;

	must(order_log_read(&config, o->order.component, &test_arena, &checked.before, &e), &e);
	if (o->pair) {
		request.has_pair = true;
		request.set = o->pair->set;
		secret_copy(&request.key, o->pair->key.bytes, o->pair->key.len);
	}
	done = order_execute(&deed, &test_arena, p);
	order_request_release(&request);
	return done;
}

static void must_perform(const struct ordering *o)
{
	struct problem p = { 0 };

	if (!perform(o, &p))
		fail_msg("%s", p.detail);
}

static void refuses(const struct ordering *o, enum problem_kind why)
{
	struct problem p = { 0 };

	assert_false(perform(o, &p));
	if (p.kind != why)
		fail_msg("%d: %s", p.kind, p.detail);
	assert_non_null(p.detail);
}

static struct order_record record(const char *name)
{
	struct order_record r;
	struct err e = { 0 };

	must(order_log_read(&config, name, &test_arena, &r, &e), &e);
	return r;
}

/* Stage and commit of a pair in the place of another. */
static void deliver(const char *name, int64_t sequence, const struct pair *p,
		    const struct pair *before)
{
	struct ordering o = ordering_of(ORDER_STAGE);

	o.order.component = name;
	o.order.sequence = sequence;
	o.order.replaces = before ? before->facts.fingerprint : "";
	name_pair(&o.order, p);
	o.pair = p;
	must_perform(&o);
	o.order.action = ORDER_COMMIT;
	o.pair = NULL;
	must_perform(&o);
}

static struct ordering activation_of(const char *name, const struct pair *p)
{
	struct ordering o = ordering_of(ORDER_ACTIVATE);

	o.order.component = name;
	o.order.fingerprint = p->facts.fingerprint;
	return o;
}

static const struct install *site(void)
{
	return &component("edge/e1")->install;
}

/* ---- stage ---- */

TEST(a_pair_is_staged_and_nothing_else)
{
	struct ordering o = ordering_of(ORDER_STAGE);

	must_perform(&o);
	assert_installed(site(), NULL);
	assert_string_equal(probe(site()).staged, new_pair.facts.fingerprint);
	assert_int_equal(record("edge/e1").sequence, 1);
	must_perform(&o);
}

static void nothing_is_there(void)
{
	assert_null(record("edge/e1").lineage);
	assert_installed(site(), NULL);
	assert_null(probe(site()).staged);
	assert_int_not_equal(access(at_root(".site.certfleet"), F_OK), 0);
}

TEST(bytes_that_the_order_does_not_name_are_refused)
{
	struct ordering o = ordering_of(ORDER_STAGE);

	o.pair = &third_pair;
	refuses(&o, PROBLEM_BAD_PAIR);
	nothing_is_there();
	/* signed for, but under another name */
	o.order.pair = pair_digest(&third_pair.set, &third_pair.key, &test_arena);
	refuses(&o, PROBLEM_BAD_PAIR);
	nothing_is_there();
	o.pair = NULL;
	refuses(&o, PROBLEM_BAD_REQUEST);
	nothing_is_there();
}

/* The leaf is right; the rest was changed on the way. */
TEST(another_chain_or_anchor_is_refused)
{
	struct pair changed = new_pair;
	struct ordering o = ordering_of(ORDER_STAGE);
	struct der longer[2] = { new_pair.set.certs[0], operators.set.certs[0] };

	o.pair = &changed;
	changed.set.anchor = operators.set.certs[0];
	refuses(&o, PROBLEM_BAD_PAIR);
	changed = new_pair;
	changed.set.anchor = (struct der){ 0 };
	refuses(&o, PROBLEM_BAD_PAIR);
	changed = new_pair;
	changed.set.certs = longer;
	changed.set.count = 2;
	refuses(&o, PROBLEM_BAD_PAIR);
	nothing_is_there();
}

TEST(a_key_that_does_not_match_is_refused)
{
	struct pair mixed = new_pair;
	struct ordering o = ordering_of(ORDER_STAGE);

	mixed.key = third_pair.key;
	o.pair = &mixed;
	refuses(&o, PROBLEM_BAD_PAIR);
	/* also when that is what was signed */
	name_pair(&o.order, &mixed);
	refuses(&o, PROBLEM_BAD_PAIR);
	nothing_is_there();
}

TEST(a_pair_that_has_ended_is_refused)
{
	struct ordering o = ordering_of(ORDER_STAGE);

	o.pair = &signatories[FORMER].pair;
	name_pair(&o.order, o.pair);
	refuses(&o, PROBLEM_BAD_PAIR);
	nothing_is_there();
}

TEST(what_is_no_certificate_is_refused)
{
	static const unsigned char junk[] = { 0x30, 0x03, 1, 2, 3 };
	const struct der one = { junk, sizeof(junk) };
	struct pair broken = { .key = new_pair.key, .set = { .certs = &one, .count = 1 } };
	struct ordering o = ordering_of(ORDER_STAGE);

	o.pair = &broken;
	o.order.pair = pair_digest(&broken.set, &broken.key, &test_arena);
	refuses(&o, PROBLEM_BAD_PAIR);
	nothing_is_there();
}

TEST(a_host_that_cannot_be_written_says_so)
{
	struct ordering o = ordering_of(ORDER_STAGE);

	write_text(at_root(".site.certfleet"), "in the way");
	refuses(&o, PROBLEM_CANNOT);
}

/* ---- commit ---- */

TEST(a_commit_is_written_down_and_switches)
{
	deliver("edge/e1", 3, &new_pair, NULL);
	assert_installed(site(), &new_pair);
	assert_int_equal(record("edge/e1").sequence, 3);
	assert_string_equal(record("edge/e1").lineage, LINEAGE);
	assert_int_equal(record("edge/e1").end, ORDER_END_OPEN);
}

TEST(the_same_commit_twice_changes_nothing)
{
	struct ordering o = ordering_of(ORDER_COMMIT);
	struct stat before;
	struct stat after;

	deliver("edge/e1", 1, &new_pair, NULL);
	assert_int_equal(lstat(at_root("site"), &before), 0);
	must_perform(&o);
	assert_int_equal(lstat(at_root("site"), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(record("edge/e1").sequence, 1);
}

TEST(what_moved_is_not_replaced)
{
	struct ordering o = ordering_of(ORDER_COMMIT);

	deliver("edge/e1", 1, &old_pair, NULL);
	deliver("edge/e1", 2, &third_pair, &old_pair);
	o.order.sequence = 3;
	o.order.action = ORDER_STAGE;
	name_pair(&o.order, &new_pair);
	o.pair = &new_pair;
	must_perform(&o);
	o.order.action = ORDER_COMMIT;
	o.order.replaces = old_pair.facts.fingerprint;
	refuses(&o, PROBLEM_MOVED);
	o.order.replaces = "";
	refuses(&o, PROBLEM_MOVED);
	assert_installed(site(), &third_pair);
	o.order.replaces = NULL;
	must_perform(&o);
	assert_installed(site(), &new_pair);
}

TEST(what_was_not_staged_cannot_be_committed)
{
	struct ordering o = ordering_of(ORDER_COMMIT);

	refuses(&o, PROBLEM_CANNOT);
	assert_installed(site(), NULL);
}

/* ---- abort, revert ---- */

TEST(what_is_taken_back_is_gone)
{
	struct ordering o = ordering_of(ORDER_STAGE);

	must_perform(&o);
	o.order.action = ORDER_ABORT;
	must_perform(&o);
	assert_null(probe(site()).staged);
	assert_int_equal(record("edge/e1").end, ORDER_END_ABORTED);
	must_perform(&o);
}

TEST(a_revert_goes_back)
{
	struct ordering o = ordering_of(ORDER_REVERT);

	deliver("edge/e1", 1, &old_pair, NULL);
	deliver("edge/e1", 2, &new_pair, &old_pair);
	o.order.sequence = 3;
	o.order.fingerprint = old_pair.facts.fingerprint;
	o.order.replaces = new_pair.facts.fingerprint;
	o.order.rollback = true;
	must_perform(&o);
	assert_installed(site(), &old_pair);
	assert_int_equal(record("edge/e1").sequence, 3);
	must_perform(&o);
	assert_installed(site(), &old_pair);
}

TEST(a_revert_to_nothing_leaves_nothing)
{
	struct ordering o = ordering_of(ORDER_REVERT);

	deliver("edge/e1", 1, &new_pair, NULL);
	o.order.sequence = 2;
	o.order.fingerprint = "";
	o.order.replaces = new_pair.facts.fingerprint;
	must_perform(&o);
	assert_installed(site(), NULL);
}

TEST(a_revert_of_something_else_is_refused)
{
	struct ordering o = ordering_of(ORDER_REVERT);

	deliver("edge/e1", 1, &old_pair, NULL);
	deliver("edge/e1", 2, &new_pair, &old_pair);
	o.order.sequence = 3;
	o.order.fingerprint = old_pair.facts.fingerprint;
	o.order.replaces = third_pair.facts.fingerprint;
	refuses(&o, PROBLEM_MOVED);
	assert_installed(site(), &new_pair);
	assert_int_equal(record("edge/e1").sequence, 2);
}

/* ---- activate ---- */

TEST(an_activation_runs_once_for_its_number)
{
	struct ordering o = activation_of("edge/e1", &new_pair);

	deliver("edge/e1", 1, &new_pair, NULL);
	must_perform(&o);
	assert_int_equal(activations(), 1);
	assert_int_equal(record("edge/e1").end, ORDER_END_ACTIVATED);
	must_perform(&o);
	assert_int_equal(activations(), 1);
	o.order.sequence = 2;
	must_perform(&o);
	assert_int_equal(activations(), 2);
}

TEST(a_commit_again_does_not_allow_it_again)
{
	struct ordering o = activation_of("edge/e1", &new_pair);
	struct ordering commit = ordering_of(ORDER_COMMIT);

	deliver("edge/e1", 1, &new_pair, NULL);
	must_perform(&o);
	must_perform(&commit);
	must_perform(&o);
	assert_int_equal(activations(), 1);
}

/* ---- whom it signals ---- */

/* Nobody reaps it at once; it ends by itself, whatever comes of the test. */
static bool is_running(pid_t pid)
{
	const char *path = arena_printf(&test_arena, "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char stat[512] = "";
	bool known = fd >= 0 && read(fd, stat, sizeof(stat) - 1) > 0;

	if (fd >= 0)
		close(fd);
	return known && !strstr(stat, ") Z ");
}

static bool ends(pid_t pid)
{
	for (int i = 0; i < PATIENCE_MS / 10 && is_running(pid); i++)
		clock_sleep_ms(10);
	return !is_running(pid);
}

/*
 * A process that is none of ours, so that it ends by the signal alone; the
 * pidfile of a component names it.
 */
static pid_t signal_by_pidfile(const char *name)
{
	struct agent_component *c = (struct agent_component *)component(name);
	const char *pidfile = at_root("server.pid");
	pid_t pid = 0;
	int ends_of[2];

	assert_int_equal(pipe(ends_of), 0);
	if (fork() == 0) {
		pid = fork();
		if (pid == 0) {
			close(ends_of[1]);
			alarm(120);
			for (;;)
				pause();
		}
		_exit(write(ends_of[1], &pid, sizeof(pid)) != sizeof(pid));
	}
	wait(NULL);
	assert_int_equal(read(ends_of[0], &pid, sizeof(pid)), sizeof(pid));
	close(ends_of[0]);
	close(ends_of[1]);
	chmod(root, 0755);
	write_text(pidfile, arena_printf(&test_arena, "%d\n", (int)pid));
	c->activate =
		(struct activate){ .kind = ACTIVATE_SIGNAL, .signal = SIGHUP, .pidfile = pidfile };
	return pid;
}

static void set_told(const char *name, const char *executable)
{
	struct order_record r = record(name);
	struct err e = { 0 };

	r.executable = executable;
	must(order_log_write(&config, name, &r, &e), &e);
}

TEST(e3_a_doubtful_process_is_told_and_not_signalled)
{
	struct ordering o = activation_of("edge/e1", &new_pair);
	struct component_report r;
	struct problem p = { 0 };
	pid_t pid = signal_by_pidfile("edge/e1");

	deliver("edge/e1", 1, &new_pair, NULL);
	set_told("edge/e1", "/usr/sbin/nginx");
	component_inspect(&config, component("edge/e1"), &test_arena, &r);
	assert_non_null(r.seen.doubt);
	assert_non_null(r.seen.executable);
	assert_false(perform(&o, &p));
	assert_non_null(strstr(p.detail, "is not '/usr/sbin/nginx'"));
	assert_true(is_running(pid));

	/* what is accepted is one executable */
	deliver("edge/e1", 2, &new_pair, NULL);
	o.order.sequence = 2;
	o.order.executable = "/usr/bin/other";
	refuses(&o, PROBLEM_FAILED);
	assert_true(is_running(pid));

	deliver("edge/e1", 3, &new_pair, NULL);
	o.order.sequence = 3;
	o.order.executable = r.seen.executable;
	must_perform(&o);
	assert_true(ends(pid));
	assert_string_equal(record("edge/e1").signalled, r.seen.executable);
	assert_string_equal(record("edge/e1").executable, "/usr/sbin/nginx");
}

TEST(e3_the_executable_that_was_signalled_is_remembered)
{
	struct ordering o = activation_of("edge/e1", &new_pair);
	struct ordering commit = ordering_of(ORDER_COMMIT);
	pid_t pid = signal_by_pidfile("edge/e1");
	struct component_report r;

	deliver("edge/e1", 1, &new_pair, NULL);
	component_inspect(&config, component("edge/e1"), &test_arena, &r);
	assert_null(r.seen.doubt);
	must_perform(&o);
	assert_true(ends(pid));
	assert_string_equal(record("edge/e1").signalled, r.seen.executable);
	/* it was good: what is delivered next takes nothing back */
	commit.order.sequence = 2;
	must_perform(&commit);
	assert_string_equal(record("edge/e1").executable, r.seen.executable);
	assert_null(record("edge/e1").signalled);
}

TEST(e3_an_executable_of_what_was_taken_back_is_forgotten)
{
	struct ordering o = activation_of("edge/e1", &new_pair);
	struct ordering back = ordering_of(ORDER_REVERT);
	struct ordering commit = ordering_of(ORDER_COMMIT);
	pid_t pid = signal_by_pidfile("edge/e1");
	struct component_report r;

	deliver("edge/e1", 1, &new_pair, NULL);
	component_inspect(&config, component("edge/e1"), &test_arena, &r);
	set_told("edge/e1", "/usr/sbin/nginx");
	o.order.executable = r.seen.executable;
	must_perform(&o);
	assert_true(ends(pid));
	assert_string_equal(record("edge/e1").signalled, r.seen.executable);
	back.order.sequence = 2;
	back.order.rollback = true;
	must_perform(&back);
	assert_null(record("edge/e1").signalled);
	commit.order.sequence = 3;
	must_perform(&commit);
	assert_string_equal(record("edge/e1").executable, "/usr/sbin/nginx");
}

/* The other state's number has nothing to do with this one. */
TEST(a_number_of_another_lineage_is_another_number)
{
	struct ordering o = activation_of("edge/e1", &new_pair);
	struct ordering commit = ordering_of(ORDER_COMMIT);

	deliver("edge/e1", 1, &new_pair, NULL);
	must_perform(&o);
	commit.order.lineage = o.order.lineage = OTHER_LINEAGE;
	must_perform(&commit);
	must_perform(&o);
	assert_int_equal(activations(), 2);
}

TEST(what_is_not_installed_is_not_activated)
{
	struct ordering o = activation_of("edge/e1", &third_pair);

	refuses(&o, PROBLEM_MOVED);
	deliver("edge/e1", 1, &new_pair, NULL);
	refuses(&o, PROBLEM_MOVED);
	assert_int_equal(activations(), 0);
}

TEST(what_failed_is_not_tried_again_for_its_number)
{
	struct ordering o = activation_of("breaks", &new_pair);

	deliver("breaks", 1, &new_pair, NULL);
	refuses(&o, PROBLEM_FAILED);
	assert_int_equal(activations(), 1);
	assert_int_equal(record("breaks").end, ORDER_END_FAILED);
	refuses(&o, PROBLEM_FAILED);
	assert_int_equal(activations(), 1);
	o.order.sequence = 2;
	refuses(&o, PROBLEM_FAILED);
	assert_int_equal(activations(), 2);
}

TEST(the_own_pair_is_only_tried)
{
	struct ordering o = activation_of("self", &own_pair);

	must_perform(&o);
	/* what cannot be used is refused */
	write_key(config.key, &third_pair, 0600);
	o.order.sequence = 2;
	refuses(&o, PROBLEM_FAILED);
	assert_int_equal(record("self").end, ORDER_END_FAILED);
}

/* ---- looking ---- */

TEST(a_look_tells_what_is_there)
{
	struct component_report r;

	component_inspect(&config, component("edge/e1"), &test_arena, &r);
	assert_string_equal(r.name, "edge/e1");
	assert_string_equal(r.seen.installed, "");
	assert_null(r.seen.order_from);
	deliver("edge/e1", 4, &new_pair, NULL);
	component_inspect(&config, component("edge/e1"), &test_arena, &r);
	assert_string_equal(r.seen.installed, new_pair.facts.fingerprint);
	assert_string_equal(r.seen.order_from, LINEAGE);
	assert_int_equal(r.seen.order_taken, 4);
	assert_null(r.seen.unwritable);
	assert_int_not_equal(r.activation, ACTIVATION_SWAP);
	component_inspect(&config, component("self"), &test_arena, &r);
	assert_int_equal(r.activation, ACTIVATION_SWAP);
}

TEST(p3_a_look_tells_a_mode_that_was_changed)
{
	struct component_report r;

	deliver("edge/e1", 4, &new_pair, NULL);
	component_inspect(&config, component("edge/e1"), &test_arena, &r);
	assert_null(r.seen.attr_flaw);
	assert_int_equal(chmod(at_root("site/key.pem"), 0666), 0);
	component_inspect(&config, component("edge/e1"), &test_arena, &r);
	assert_non_null(r.seen.attr_flaw);
	assert_non_null(strstr(r.seen.attr_flaw, "site/key.pem' has mode 0666, not 0600"));
}

TEST(a_damaged_record_is_told)
{
	struct component_report r;

	write_text(arena_printf(&test_arena, "%s/edge%%2Fe1.json", config.state), "{");
	component_inspect(&config, component("edge/e1"), &test_arena, &r);
	assert_non_null(strstr(r.seen.unwritable, "is damaged"));
}

static const char *version_by(struct agent_version v)
{
	struct agent_component c = *component("edge/e1");
	struct component_report r = { 0 };

	c.version = v;
	component_inspect_running(&c, &test_arena, &r);
	return r.seen.version;
}

TEST(a_version_is_found_in_its_way)
{
	static const char *const says[] = { "sh", "-c", "echo 1.2; echo x", NULL };
	static const char *const fails[] = { "sh", "-c", "echo 1.2; exit 1", NULL };

	write_text(at_root("VERSION"), "7.2\nmore\n");
	assert_null(version_by((struct agent_version){ 0 }));
	assert_string_equal(version_by((struct agent_version){ VERSION_TEXT, "3", NULL }), "3");
	assert_string_equal(
		version_by((struct agent_version){ VERSION_FILE, at_root("VERSION"), NULL }),
		"7.2");
	assert_null(version_by((struct agent_version){ VERSION_FILE, at_root("nothing"), NULL }));
	assert_string_equal(version_by((struct agent_version){ VERSION_COMMAND, NULL, says }),
			    "1.2");
	assert_null(version_by((struct agent_version){ VERSION_COMMAND, NULL, fails }));
}

TEST(a_port_that_is_closed_is_an_error)
{
	const struct verify closed = { .host = "127.0.0.1", .port = 1 };
	struct agent_component c = *component("edge/e1");
	struct component_report r = { 0 };

	c.check = &closed;
	c.check_count = 1;
	component_inspect_running(&c, &test_arena, &r);
	assert_null(r.seen.served);
	assert_non_null(r.seen.error);
}

TEST_EACH(open_agent, close_agent)
TEST_GROUP(make_signatories, drop_signatories)
