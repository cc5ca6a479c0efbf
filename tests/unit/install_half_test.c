/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The installing half as an honest network half finds it.  What a hostile one
 * can do is in install_hostile_test.c.
 */
#include "install_half_fixture.h"
#include "test.h"

#include "install/supervisor.h"

#include <gnutls/gnutls.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static const struct install *site(void)
{
	return &component("edge/e1")->install;
}

static void succeeds(struct half *h, const struct order *o, const struct pair *p)
{
	struct reply r = order(h, o, p);

	if (r.status != 200)
		fail_msg("%s", r.text);
}

static void deliver(struct half *h, const char *name, int64_t sequence, const struct pair *p)
{
	struct order o = order_to(ORDER_STAGE);

	o.component = name;
	o.sequence = sequence;
	o.replaces = NULL;
	name_pair(&o, p);
	succeeds(h, &o, p);
	o.action = ORDER_COMMIT;
	o.pair = NULL;
	succeeds(h, &o, NULL);
}

static struct order activation_of(const char *name, int64_t sequence, const struct pair *p)
{
	struct order o = order_to(ORDER_ACTIVATE);

	o.component = name;
	o.sequence = sequence;
	o.fingerprint = p->facts.fingerprint;
	return o;
}

TEST(orders_are_carried_out)
{
	struct half h = half_begin();
	struct order o = activation_of("edge/e1", 1, &new_pair);

	deliver(&h, "edge/e1", 1, &new_pair);
	assert_installed(site(), &new_pair);
	succeeds(&h, &o, NULL);
	succeeds(&h, &o, NULL);
	assert_int_equal(activations(), 1);
	half_leave(&h);
}

TEST(components_are_told_of)
{
	struct half h = half_begin();
	struct reply r = ask(&h, ROUTE_COMPONENT, "edge/e1", NULL);

	assert_int_equal(r.status, 200);
	assert_non_null(strstr(r.text, own_pair.facts.spki));
	assert_non_null(strstr(r.text, "\"name\":\"edge/e1\""));
	r = ask(&h, ROUTE_COMPONENTS, "", NULL);
	assert_int_equal(r.status, 200);
	assert_non_null(strstr(r.text, "\"name\":\"slow\""));
	r = ask(&h, ROUTE_COMPONENT, "nobody", NULL);
	assert_string_equal(r.problem, "unknown-component");
	r = ask(&h, ROUTE_COMMIT, "nob\xffody", NULL);
	assert_string_equal(r.problem, "unknown-component");
	r = ask(&h, ROUTE_COMMIT, "edge/e1", NULL);
	assert_string_equal(r.problem, "bad-request");
	half_leave(&h);
}

/* The activation of the component "slow". */
static void let_it_end(void)
{
	int fd = open(at_root("go"), O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	close(fd);
}

/* A pair is delivered to "slow", and its activation runs. */
static void begin_slow(struct half *h, struct recorded *slow)
{
	struct order o = activation_of("slow", 1, &new_pair);

	deliver(h, "slow", 1, &new_pair);
	record_as(slow, OPS, &o, NULL);
	post_request(h, slow->route, slow->component, &slow->body);
	wait_for_activations(1);
}

TEST(it_answers_while_something_takes_long)
{
	struct half h = half_begin();
	struct recorded slow = { 0 };
	struct reply r;

	begin_slow(&h, &slow);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(ask_revision(&h), 1);
		assert_int_equal(ask(&h, ROUTE_COMPONENT, "edge/e1", NULL).status, 200);
	}
	/* other components go on, this one waits */
	deliver(&h, "edge/e1", 1, &new_pair);
	r = replay(&h, &slow);
	assert_string_equal(r.problem, "busy");
	assert_int_equal(ask(&h, ROUTE_COMPONENT, "slow", NULL).status, 200);
	/* a stop lets it end */
	kill(h.pid, SIGTERM);
	let_it_end();
	assert_int_equal(read_reply(&h).status, 200);
	assert_int_equal(half_wait(&h), ENDED_AS_ASKED);
	secret_release(&slow.body);
}

TEST(r6_an_activation_outlives_its_agent_and_is_not_run_twice)
{
	struct half h = half_begin();
	struct recorded slow = { 0 };

	begin_slow(&h, &slow);
	kill(h.pid, SIGKILL);
	test_wait(h.pid);
	ipc_release(&h.requests);
	ipc_release(&h.handshakes);
	h = half_begin();
	assert_non_null(strstr(ask(&h, ROUTE_COMPONENT, "slow", NULL).text, "\"activated\":null"));
	let_it_end();
	assert_int_equal(replay(&h, &slow).status, 200);
	assert_int_equal(activations(), 1);
	/* whoever has not heard of it can see it */
	assert_non_null(strstr(
		ask(&h, ROUTE_COMPONENT, "slow", NULL).text,
		arena_printf(&test_arena, "\"activated\":\"%s\"", new_pair.facts.fingerprint)));
	half_leave(&h);
	secret_release(&slow.body);
}

TEST(e4_a_further_stop_leaves_an_activation_to_its_supervisor)
{
	struct half h = half_begin();
	struct recorded slow = { 0 };

	begin_slow(&h, &slow);
	kill(h.pid, SIGTERM);
	clock_sleep_ms(200);
	kill(h.pid, SIGTERM);
	assert_int_equal(half_wait(&h), ENDED_AS_ASKED);
	assert_true(activation_runs(at_root("state/activations"), "slow"));
	let_it_end();
	secret_release(&slow.body);
}

/* ---- the own pair ---- */

static struct der signature_by(struct half *h, uint64_t revision)
{
	static const unsigned char hash[32] = { 7 };
	AUTO(message) question = { .kind = MESSAGE_SIGN };
	AUTO(message) answer = { 0 };
	struct fields f = fields_begin(&question.body, 24 + sizeof(hash));
	unsigned char *copy = NULL;

	fields_put_number(&f, revision);
	fields_put_number(&f, GNUTLS_SIGN_ECDSA_SECP256R1_SHA256);
	fields_put_number(&f, true);
	fields_put(&f, hash, sizeof(hash));
	answer = ask_handshake(h, &question);
	copy = arena_alloc(&test_arena, answer.body.len + 1);
	if (answer.body.len)
		memcpy(copy, answer.body.bytes, answer.body.len);
	return (struct der){ copy, answer.body.len };
}

TEST(its_own_pair_is_changed_by_an_order_like_any)
{
	struct half h = half_begin();
	struct order o = activation_of("self", 1, &next_pair);
	struct reply r;

	deliver(&h, "self", 1, &next_pair);
	assert_int_equal(ask_revision(&h), 1);
	succeeds(&h, &o, NULL);
	assert_int_equal(ask_revision(&h), 2);
	r = ask(&h, ROUTE_COMPONENT, "self", NULL);
	assert_non_null(strstr(r.text, next_pair.facts.spki));
	/* handshakes that began before are finished */
	assert_true(signature_by(&h, 1).len > 0);
	assert_true(signature_by(&h, 2).len > 0);
	/* and orders name the new key from now on */
	r = order(&h, &o, NULL);
	assert_string_equal(r.problem, "other-agent");
	o.agent = next_pair.facts.spki;
	succeeds(&h, &o, NULL);
	assert_int_equal(ask_revision(&h), 2);
	assert_true(signature_by(&h, 1).len > 0);
	half_leave(&h);
}

TEST(an_own_pair_that_cannot_be_used_is_refused)
{
	struct half h = half_begin();
	struct order o = activation_of("self", 1, &next_pair);
	struct reply r;

	deliver(&h, "self", 1, &next_pair);
	unlink(config.key);
	write_key(config.key, &third_pair, 0600);
	r = order(&h, &o, NULL);
	assert_string_equal(r.problem, "failed");
	assert_int_equal(ask_revision(&h), 1);
	assert_true(signature_by(&h, 1).len > 0);
	half_leave(&h);
}

/* ---- one network half after the other ---- */

/* Serves two network halves, the second when the first has gone. */
static void be_half_of_both(const struct channels *first, const struct channels *second)
{
	struct install_half *h = NULL;
	struct err e = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stop_install();
	if (!install_half_open(&config, &h, &e) || install_half_run(h, first, &e) ||
	    e.code != ERR_MISSING || install_half_run(h, second, &e) || e.code != ERR_MISSING)
		_exit(1);
	install_half_close(h);
	_exit(0);
}

static pid_t begin_both(struct half *one, struct half *two)
{
	struct half *halves[] = { one, two };
	struct channels theirs[2];
	struct err e = { 0 };
	pid_t pid = 0;

	for (int i = 0; i < 2; i++) {
		int requests[2];
		int handshakes[2];

		must(ipc_pair(requests, &e) && ipc_pair(handshakes, &e), &e);
		halves[i]->requests = ipc_of(requests[0]);
		halves[i]->handshakes = ipc_of(handshakes[0]);
		theirs[i] = (struct channels){ requests[1], handshakes[1] };
	}
	fflush(NULL);
	pid = fork();
	for (int i = 0; i < 2; i++) {
		if (pid) {
			close(theirs[i].requests);
			close(theirs[i].handshakes);
		} else {
			ipc_release(&halves[i]->requests);
			ipc_release(&halves[i]->handshakes);
		}
	}
	if (pid == 0)
		be_half_of_both(&theirs[0], &theirs[1]);
	return pid;
}

TEST(the_next_one_gets_no_answer_of_the_last_one)
{
	struct order o = activation_of("breaks", 1, &new_pair);
	struct recorded slow = { 0 };
	struct half one = { 0 };
	struct half two = { 0 };
	int status = -1;
	pid_t pid = 0;

	((struct agent_component *)component("breaks"))->activate = counting("sleep 1");
	pid = begin_both(&one, &two);
	deliver(&one, "breaks", 1, &new_pair);
	record_as(&slow, OPS, &o, NULL);
	post_request(&one, slow.route, slow.component, &slow.body);
	wait_for_activations(1);
	two.asked = one.asked - 1;
	ipc_release(&one.requests);
	ipc_release(&one.handshakes);
	/* has the number that the first one waited for */
	assert_string_equal(ask(&two, ROUTE_COMPONENT, "nobody", NULL).problem,
			    "unknown-component");
	clock_sleep_ms(1300);
	assert_string_equal(ask(&two, ROUTE_COMPONENT, "nobody", NULL).problem,
			    "unknown-component");
	ipc_release(&two.requests);
	ipc_release(&two.handshakes);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	secret_release(&slow.body);
}

TEST(it_ends_with_the_network_half)
{
	struct half h = half_begin();

	assert_int_equal(ask_revision(&h), 1);
	half_leave(&h);
	h = half_begin();
	assert_int_equal(ask_revision(&h), 1);
	close(TAKE_FD(h.handshakes.fd));
	assert_int_equal(half_wait(&h), ENDED_ALONE);
}

/* ---- who may give orders ---- */

static void allow(const char *const *spkis, mode_t mode)
{
	AUTO(buf) text = { 0 };

	for (; *spkis; spkis++)
		buf_printf(&text, "spki:%s\n", *spkis);
	buf_puts(&text, "CN=named,O=Example\n");
	write_file(config.allow_file, text.data, text.len, mode);
}

static uint64_t ask_grants(struct half *h)
{
	AUTO(message) question = { .kind = MESSAGE_REVISION };
	AUTO(message) answer = ask_handshake(h, &question);
	struct fields f = fields_of(&answer.body);

	(void)fields_number(&f);
	return fields_number(&f);
}

static size_t count_granted(struct half *h)
{
	AUTO(message) question = { .kind = MESSAGE_GRANTS };
	AUTO(message) answer = ask_handshake(h, &question);
	struct fields f = fields_of(&answer.body);

	(void)fields_number(&f);
	return fields_number(&f);
}

static int staged_by_ops(struct half *h, int64_t sequence)
{
	struct order o = order_to(ORDER_STAGE);

	o.component = "edge/e1";
	o.sequence = sequence;
	o.replaces = NULL;
	name_pair(&o, &new_pair);
	return order(h, &o, &new_pair).status;
}

TEST(s8_a_removed_entry_gives_no_order_any_more)
{
	const char *const ops = signatories[OPS].pair.facts.spki;
	const char *const both[] = { ops, NULL };
	const char *const none[] = { NULL };
	struct half h;

	config.allow_file = at_root("allow");
	allow(both, 0644);
	h = half_begin();
	assert_int_equal(ask_grants(&h), 1);
	assert_int_equal(count_granted(&h), 2);
	/* the signer is remembered from here on */
	assert_int_equal(staged_by_ops(&h, 1), 200);
	assert_int_equal(staged_by_ops(&h, 2), 200);
	allow(none, 0644);
	assert_int_equal(staged_by_ops(&h, 3), 403);
	assert_int_equal(ask_grants(&h), 2);
	assert_int_equal(count_granted(&h), 1);
	allow(both, 0644);
	assert_int_equal(staged_by_ops(&h, 4), 200);
	assert_int_equal(ask_grants(&h), 3);
	assert_int_equal(ask_grants(&h), 3);
	half_leave(&h);
}

TEST(s8_a_list_that_is_not_to_be_believed_lets_nobody_in)
{
	const char *const both[] = { signatories[OPS].pair.facts.spki, NULL };
	struct half h;

	config.allow_file = at_root("allow");
	allow(both, 0644);
	h = half_begin();
	assert_int_equal(staged_by_ops(&h, 1), 200);
	allow(both, 0666);
	assert_int_equal(staged_by_ops(&h, 2), 403);
	assert_int_equal(count_granted(&h), 0);
	assert_int_equal(chmod(config.allow_file, 0644), 0);
	assert_int_equal(staged_by_ops(&h, 3), 200);
	write_file(config.allow_file, "spki:none\n", 10, 0644);
	assert_int_equal(staged_by_ops(&h, 4), 403);
	assert_int_equal(unlink(config.allow_file), 0);
	assert_int_equal(staged_by_ops(&h, 5), 403);
	allow(both, 0644);
	assert_int_equal(staged_by_ops(&h, 6), 200);
	half_leave(&h);
}

TEST(s8_another_authority_of_operators_holds_at_once)
{
	AUTO(buf) pem = { 0 };
	struct half h = half_begin();

	assert_int_equal(staged_by_ops(&h, 1), 200);
	pem_add_certs(&pem, own_pair.set.certs, 1);
	write_file(config.client_ca, pem.data, pem.len, 0644);
	assert_int_equal(staged_by_ops(&h, 2), 403);
	assert_int_equal(ask_grants(&h), 2);
	half_leave(&h);
}

/* ---- a disk that is slow ---- */

/* A process whose clock goes ahead of the others'. */
static struct {
	pid_t pid;
	time_t seconds;
} * ahead;

/* In the place of the library's; the test and the half share what is ahead. */
int clock_gettime(clockid_t which, struct timespec *out)
{
	int rc = (int)syscall(SYS_clock_gettime, which, out);

	if (!rc && which == CLOCK_MONOTONIC && ahead && ahead->pid == getpid())
		out->tv_sec += ahead->seconds;
	return rc;
}

static void put_clock_forward(pid_t pid, time_t seconds)
{
	ahead->seconds = seconds;
	ahead->pid = pid;
}

static int open_store(const struct install *i)
{
	const char *slash = strrchr(i->directory, '/');

	return open(arena_printf(&test_arena, "%.*s.%s.certfleet", (int)(slash - i->directory + 1),
				 i->directory, slash + 1),
		    O_RDONLY | O_DIRECTORY);
}

/* The lock of a target stands for it: the worker waits, and nothing else. */
TEST(s22_a_stage_that_hangs_holds_up_no_handshake)
{
	struct half h = half_begin();
	struct order o = order_to(ORDER_STAGE);
	struct recorded stage = { 0 };
	struct reply r;

	deliver(&h, "edge/e1", 1, &new_pair);
	int store = open_store(site());

	assert_true(store >= 0);
	assert_int_equal(flock(store, LOCK_EX), 0);
	o.component = "edge/e1";
	o.sequence = 2;
	o.replaces = NULL;
	name_pair(&o, &new_pair);
	record_as(&stage, OPS, &o, &new_pair);
	post_request(&h, stage.route, stage.component, &stage.body);
	/* answered while the stage is under way */
	assert_int_equal(ask_revision(&h), 1);
	post_request(&h, ROUTE_COMPONENT, "nobody", NULL);
	r = read_reply(&h);
	assert_int_equal(r.number, h.asked);
	assert_string_equal(r.problem, "unknown-component");
	close(store);
	assert_int_equal(read_reply(&h).status, 200);
	secret_release(&stage.body);
	half_leave(&h);
}

/* A request that hangs is given up alone, at its own deadline; the order goes on. */
TEST(s22_a_request_that_hangs_ends_at_its_own_deadline)
{
	struct half h = half_begin();
	struct order o = order_to(ORDER_STAGE);
	struct recorded stage = { 0 };
	struct reply r;
	uint32_t number = 0;

	deliver(&h, "edge/e1", 1, &new_pair);
	int store = open_store(site());

	assert_true(store >= 0);
	assert_int_equal(flock(store, LOCK_EX), 0);
	o.component = "edge/e1";
	o.sequence = 2;
	o.replaces = NULL;
	name_pair(&o, &new_pair);
	record_as(&stage, OPS, &o, &new_pair);
	post_request(&h, stage.route, stage.component, &stage.body);
	number = h.asked;
	/* an answer to a later request: the stage has begun */
	post_request(&h, ROUTE_COMPONENT, "nobody", NULL);
	assert_int_equal(read_reply(&h).status, 404);
	put_clock_forward(h.pid, 61);
	r = read_reply(&h);
	assert_int_equal(r.number, number);
	assert_string_equal(r.problem, "busy");
	assert_non_null(strstr(r.text, "takes longer than 60 seconds, and goes on"));
	assert_int_equal(ask_revision(&h), 1);
	/* still under way: it is not begun twice */
	post_request(&h, stage.route, stage.component, &stage.body);
	r = read_reply(&h);
	assert_string_equal(r.problem, "busy");
	assert_non_null(strstr(r.text, "another request is in progress"));
	close(store);
	do {
		clock_sleep_ms(50);
		post_request(&h, stage.route, stage.component, &stage.body);
		r = read_reply(&h);
		assert_int_equal(r.number, h.asked);
	} while (r.status == 503);
	assert_int_equal(r.status, 200);
	secret_release(&stage.body);
	put_clock_forward(0, 0);
	half_leave(&h);
}

/* ---- what is decoded ---- */

/* Of all processes of the test; each decoding limits its processor time. */
static _Atomic int *decodings;

int setrlimit(__rlimit_resource_t what, const struct rlimit *limit)
{
	if (what == RLIMIT_CPU && decodings)
		++*decodings;
	return (int)syscall(SYS_prlimit64, 0, what, limit, NULL);
}

/* An inspection takes nobody's word; the next stage begins anew. */
TEST(orders_decode_nothing_that_their_stage_has_decoded)
{
	struct half h = half_begin();
	struct order o = order_to(ORDER_STAGE);
	int before = 0;

	o.replaces = NULL;
	name_pair(&o, &old_pair);
	succeeds(&h, &o, &old_pair);
	o.action = ORDER_COMMIT;
	o.pair = NULL;
	before = *decodings;
	succeeds(&h, &o, NULL);
	o.action = ORDER_ACTIVATE;
	succeeds(&h, &o, NULL);
	assert_int_equal(*decodings, before);
	assert_int_equal(ask(&h, ROUTE_COMPONENT, "edge/e1", NULL).status, 200);
	assert_true(*decodings > before);
	o = order_to(ORDER_STAGE);
	o.sequence = 2;
	o.replaces = NULL;
	succeeds(&h, &o, &new_pair);
	/* the stage has looked at the pair that is there as well */
	o.action = ORDER_COMMIT;
	o.pair = NULL;
	o.replaces = old_pair.facts.fingerprint;
	before = *decodings;
	succeeds(&h, &o, NULL);
	assert_int_equal(*decodings, before);
	half_leave(&h);
}

static int open_shared(void **state)
{
	const int kind = MAP_SHARED | MAP_ANONYMOUS;

	ahead = mmap(NULL, sizeof(*ahead), PROT_READ | PROT_WRITE, kind, -1, 0);
	decodings = mmap(NULL, sizeof(*decodings), PROT_READ | PROT_WRITE, kind, -1, 0);
	return ahead == MAP_FAILED || decodings == MAP_FAILED ? -1 : make_signatories(state);
}

TEST_EACH(open_agent, close_agent)
TEST_GROUP(open_shared, drop_signatories)
