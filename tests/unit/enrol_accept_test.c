/* SPDX-License-Identifier: Apache-2.0 */
/* Invites and their acceptance by the engine, with an agent in a thread. */
#include "base/text.h"
#include "engine/enrol_accept.h"
#include "engine_fixture.h"
#include "enrol_fixture.h"
#include "model/enrolment.h"
#include "state/enrolment_records.h"
#include "test.h"

static const char *const names[] = { "dns:web1.test", "ip:127.0.0.1" };

#define ISSUERS                                                     \
	"  agents: {subject: \"CN=Agents\", use: agents, publish: " \
	"agents.pem}\n"                                             \
	"  operators: {subject: \"CN=Operators\"}\n"
#define OPERATOR(rotation)                                               \
	"access: {agent: {certificate: ops.pem, key: ops.key, ca: "      \
	"agents.pem}}\n"                                                 \
	"certificates:\n"                                                \
	"  ops: {subject: \"CN=ops\", issuer: operators, names: [], "    \
	"purpose: [client], key_rotation: " rotation "}\n"               \
	"components:\n"                                                  \
	"  operator: {certificate: ops, deliver: {files: {certificate: " \
	"ops.pem, key: ops.key}}}\n"
#define FLEET OPERATOR("reuse") "issuers:\n" ISSUERS

/* The engine of an operator, locked. */
struct desk {
	struct fleet fleet;
	struct engine *engine;
	struct arena arena;
	char noted[1024];
};

static void desk_release(struct desk *d)
{
	engine_close(d->engine);
	fleet_release(&d->fleet);
	arena_release(&d->arena);
}
AUTO_STRUCT(desk, struct desk, desk_release)

static void take_note(void *ctx, const struct event *event)
{
	struct desk *d = ctx;
	size_t used = strlen(d->noted);

	if (event->kind == EVENT_NOTE)
		snprintf(d->noted + used, sizeof(d->noted) - used, "%s\n", event->text);
}

static void desk_open(const struct world *w, struct desk *d)
{
	AUTO(diags) diags = { 0 };
	AUTO(buf) text = { 0 };
	struct err e = { 0 };
	const struct engine_options o = { .fleet = &d->fleet,
					  .apply = true,
					  .holder = "test",
					  .listen = take_note,
					  .listen_ctx = d };

	setenv("CERTFLEET_TEST", "a passphrase for the tests", 1);
	if (!load_fleet(w->file, subject_canonical, &d->fleet, &diags, &e)) {
		diag_render(&diags, &text);
		fail_msg("%s", buf_text(&text));
	}
	must(engine_open(&o, &d->engine, &e), &e);
}

/* The issuer of our own access signs nobody else, so it may; and be replaced. */
static void apply_accepted(const struct world *w)
{
	static const char *const acks[] = { "issuer-replaced", "operator-issuer" };

	assert_applied(run_wish(
		w, (struct wish){ .apply = true, .choices = { .acks = acks, .ack_count = 2 } }));
}

static void begin(const struct world *w, struct desk *d, const char *fleet)
{
	write_fleet(w, fleet);
	apply_accepted(w);
	desk_open(w, d);
}

static bool invite(struct desk *d, int64_t life, struct invited *out, struct err *e)
{
	const struct invitation how = { .agent = "web1",
					.names = names,
					.name_count = 2,
					.life = life,
					.validity = ENROLMENT_LIFE };

	return enrol_invite(d->engine, &how, &d->arena, out, e);
}

static void must_invite(struct desk *d, struct invited *out)
{
	struct err e = { 0 };

	must(invite(d, INVITE_LIFE, out, &e), &e);
}

static struct acceptance acceptance_of(const struct host *h, const struct invited *i)
{
	return (struct acceptance){ .host = "127.0.0.1",
				    .port = h->config.port,
				    .invite = i->invite.id,
				    .token = &i->token };
}

static unsigned failures_of(struct desk *d, const char *id)
{
	struct invite i = { 0 };
	struct err e = { 0 };

	must(state_invite(engine_state(d->engine), id, &d->arena, &i, &e), &e);
	return i.failures;
}

static size_t enrolled_count(struct desk *d)
{
	const struct enrolled *all = NULL;
	struct err e = { 0 };
	size_t count = 0;

	assert_true(state_enrolled(engine_state(d->engine), &d->arena, &all, &count, &e));
	return count;
}

/* An agent that waits with the token of the invite. */
static void agent_start(struct host *h, const struct invited *i)
{
	host_init(h);
	secret_release(&h->token);
	secret_copy(&h->token, i->token.bytes, i->token.len);
	host_start(h);
}

TEST(an_invite_is_used_up_by_its_success)
{
	const struct world *w = *state;
	AUTO(desk) d = { 0 };
	AUTO(invited) i = { 0 };
	struct host h = { 0 };
	struct enrol_result done = { 0 };
	struct err e = { 0 };

	begin(w, &d, FLEET);
	must_invite(&d, &i);
	agent_start(&h, &i);

	const struct acceptance what = acceptance_of(&h, &i);

	must(enrol_accept(d.engine, &what, &d.arena, &done, &e), &e);
	host_end(&h);
	assert_true(h.enrolled);
	assert_true(done.receipt.written);
	assert_string_equal(done.agent.agent, "web1");
	assert_string_equal(done.agent.issuer, "agents");
	assert_int_equal(enrolled_count(&d), 1);
	assert_false(enrol_accept(d.engine, &what, &d.arena, &done, &e));
	assert_int_equal(e.code, ERR_MISSING);
	assert_string_equal(d.noted, "");
	host_release(&h);
}

TEST(the_certificate_is_for_the_invited_names_alone)
{
	const struct world *w = *state;
	AUTO(desk) d = { 0 };
	AUTO(invited) i = { 0 };
	struct host h = { 0 };
	struct enrol_result done = { 0 };
	const struct der *certs = NULL;
	struct cert_facts facts = { 0 };
	const char *pem = NULL;
	size_t count = 0;
	struct err e = { 0 };

	begin(w, &d, FLEET);
	must_invite(&d, &i);
	agent_start(&h, &i);

	const struct acceptance what = acceptance_of(&h, &i);

	must(enrol_accept(d.engine, &what, &d.arena, &done, &e), &e);
	host_end(&h);
	pem = host_text(&h, "agent.pem");
	assert_true(pem_read_certs(pem, strlen(pem), &d.arena, &certs, &count, &e));
	assert_true(cert_read_facts(certs[0], &d.arena, &facts, &e));
	assert_string_equal(facts.subject, "CN=web1.test");
	assert_string_equal(facts.issuer, "CN=Agents");
	assert_int_equal(facts.name_count, 2);
	assert_false(facts.is_ca);
	assert_string_equal(facts.serial, done.agent.serial);
	assert_string_equal(facts.fingerprint, done.agent.fingerprint);
	host_release(&h);
}

TEST(the_token_is_nowhere_in_the_state)
{
	const struct world *w = *state;
	AUTO(desk) d = { 0 };
	AUTO(invited) i = { 0 };
	char hex[2 * TOKEN_BYTES + 1];
	char command[512];

	begin(w, &d, FLEET);
	must_invite(&d, &i);
	text_hex(i.token.bytes, TOKEN_BYTES, hex);
	snprintf(
		command, sizeof(command),
		"grep -rqa %s %s/.certfleet && exit 1; xxd -p %s/.certfleet/state.db | tr -d '\\n' | grep -q %s && exit 1; exit 0",
		hex, w->folder, w->folder, hex);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "grep -rqa %s %s/.certfleet", i.invite.token, w->folder);
	assert_int_equal(system(command), 0); /* the search does find */
}

TEST(five_wrong_tokens_end_an_invite)
{
	const struct world *w = *state;
	AUTO(desk) d = { 0 };
	AUTO(invited) i = { 0 };
	AUTO(secret) wrong = { 0 };
	struct host h = { 0 };
	struct enrol_result done = { 0 };
	struct acceptance what = { 0 };
	struct err e = { 0 };

	begin(w, &d, FLEET);
	must_invite(&d, &i);
	host_init(&h); /* nobody listens: it does not come to that */
	what = acceptance_of(&h, &i);
	token_make(&wrong);
	what.token = &wrong;
	for (unsigned n = 1; n <= INVITE_FAILURES; n++) {
		e = (struct err){ 0 };
		assert_false(enrol_accept(d.engine, &what, &d.arena, &done, &e));
		assert_non_null(strstr(e.text, "not the token"));
		assert_int_equal(failures_of(&d, i.invite.id), n);
	}
	assert_non_null(strstr(e.text, "the invite has ended"));
	what.token = &i.token;
	assert_false(enrol_accept(d.engine, &what, &d.arena, &done, &e));
	assert_non_null(strstr(e.text, "has ended: 5 attempts failed"));
	host_release(&h);
}

TEST(an_agent_with_another_token_counts_as_a_failure)
{
	const struct world *w = *state;
	AUTO(desk) d = { 0 };
	AUTO(invited) i = { 0 };
	struct host h = { 0 };
	struct enrol_result done = { 0 };
	struct err e = { 0 };

	begin(w, &d, FLEET);
	must_invite(&d, &i);
	host_init(&h);
	host_start(&h);

	const struct acceptance what = acceptance_of(&h, &i);

	/* nobody asks for a passphrase before the agent's proof */
	unsetenv("CERTFLEET_TEST");
	for (unsigned n = 1; n <= INVITE_FAILURES; n++) {
		e = (struct err){ 0 };
		assert_false(enrol_accept(d.engine, &what, &d.arena, &done, &e));
		assert_int_equal(e.code, ERR_CRYPTO);
		assert_non_null(strstr(e.text, "another token"));
		assert_int_equal(failures_of(&d, i.invite.id), n);
	}
	host_end(&h);
	assert_false(h.enrolled);
	assert_int_equal(enrolled_count(&d), 0);
	host_release(&h);
}

TEST(an_agent_that_is_not_there_counts_as_nothing)
{
	const struct world *w = *state;
	AUTO(desk) d = { 0 };
	AUTO(invited) i = { 0 };
	struct host h = { 0 };
	struct enrol_result done = { 0 };
	struct err e = { 0 };

	begin(w, &d, FLEET);
	must_invite(&d, &i);
	host_init(&h);

	const struct acceptance what = acceptance_of(&h, &i);

	assert_false(enrol_accept(d.engine, &what, &d.arena, &done, &e));
	assert_int_equal(e.code, ERR_REMOTE);
	assert_int_equal(failures_of(&d, i.invite.id), 0);
	host_release(&h);
}

TEST(without_the_passphrase_nothing_is_signed)
{
	const struct world *w = *state;
	AUTO(desk) d = { 0 };
	AUTO(desk) later = { 0 };
	AUTO(invited) i = { 0 };
	struct host h = { 0 };
	struct enrol_result done = { 0 };
	struct err e = { 0 };

	begin(w, &d, FLEET);
	must_invite(&d, &i);
	agent_start(&h, &i);

	const struct acceptance what = acceptance_of(&h, &i);

	unsetenv("CERTFLEET_TEST");
	assert_false(enrol_accept(d.engine, &what, &d.arena, &done, &e));
	assert_non_null(strstr(e.text, "CERTFLEET_TEST"));
	assert_int_equal(failures_of(&d, i.invite.id), 0);
	assert_int_equal(enrolled_count(&d), 0);
	/* and then it works: neither side has given up */
	setenv("CERTFLEET_TEST", "a passphrase for the tests", 1);
	engine_close(d.engine);
	d.engine = NULL;
	desk_open(w, &later);
	must(enrol_accept(later.engine, &what, &later.arena, &done, &e), &e);
	host_end(&h);
	assert_true(h.enrolled);
	host_release(&h);
}

TEST(an_invite_ends_by_itself)
{
	const struct world *w = *state;
	AUTO(desk) d = { 0 };
	AUTO(invited) i = { 0 };
	AUTO(invited) next = { 0 };
	struct host h = { 0 };
	struct invite gone = { 0 };
	struct enrol_result done = { 0 };
	struct err e = { 0 };

	begin(w, &d, FLEET);
	assert_true(invite(&d, 1, &i, &e));
	host_init(&h);
	sleep(2);

	const struct acceptance what = acceptance_of(&h, &i);

	assert_false(enrol_accept(d.engine, &what, &d.arena, &done, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.text, "expired at"));
	must_invite(&d, &next); /* which sweeps */
	assert_false(state_invite(engine_state(d.engine), i.invite.id, &d.arena, &gone, &e));
	host_release(&h);
}

TEST(who_signs_must_be_clear)
{
	static const struct {
		const char *fleet;
		const char *why;
	} bad[] = {
		{ OPERATOR("reuse") "issuers:\n"
				    "  operators: {subject: \"CN=Operators\"}\n"
				    "  agents: {subject: CN=A}\n",
		  "no issuer signs agents" },
		{ FLEET "  more: {subject: CN=A, use: agents}\n",
		  "'agents' and 'more' both sign agents" },
	};
	const struct world *w = *state;

	for (size_t k = 0; k < sizeof(bad) / sizeof(*bad); k++) {
		AUTO(desk) d = { 0 };
		AUTO(invited) i = { 0 };
		struct err e = { 0 };

		begin(w, &d, bad[k].fleet);
		assert_false(invite(&d, INVITE_LIFE, &i, &e));
		assert_int_equal(e.code, ERR_INPUT);
		assert_non_null(strstr(e.text, bad[k].why));
	}
}

TEST(a_named_issuer_must_be_one_of_agents)
{
	static const struct {
		const char *issuer;
		const char *why;
	} bad[] = {
		{ "operators", "does not say 'use: agents'" },
		{ "nobody", "there is no issuer 'nobody'" },
		{ "more", "has no authority yet" },
	};
	const struct world *w = *state;
	AUTO(desk) d = { 0 };

	begin(w, &d, FLEET);
	desk_release(&d);
	d = (struct desk){ 0 };
	write_fleet(w, FLEET "  more: {subject: CN=A, use: agents}\n");
	desk_open(w, &d);
	for (size_t k = 0; k < sizeof(bad) / sizeof(*bad); k++) {
		AUTO(invited) i = { 0 };
		struct err e = { 0 };
		const struct invitation how = { .agent = "web1",
						.names = names,
						.name_count = 1,
						.issuer = bad[k].issuer,
						.life = 60,
						.validity = 60 };

		assert_false(enrol_invite(d.engine, &how, &d.arena, &i, &e));
		assert_non_null(strstr(e.text, bad[k].why));
	}
}

/* Everything that can be known before is looked at before. */
TEST(an_agent_that_would_lock_us_out_is_not_enrolled)
{
	static const char *const dn[] = { "CN=ops" };
	const struct world *w = *state;
	AUTO(desk) d = { 0 };
	AUTO(invited) i = { 0 };
	struct host h = { 0 };
	struct enrol_result done = { 0 };
	struct acceptance what = { 0 };
	struct err e = { 0 };

	begin(w, &d, OPERATOR("always") "issuers:\n" ISSUERS);
	must_invite(&d, &i);
	agent_start(&h, &i);
	what = acceptance_of(&h, &i);
	assert_false(enrol_accept(d.engine, &what, &d.arena, &done, &e));
	assert_non_null(strstr(e.text, "key_rotation: reuse"));
	what.spec.client_ca = d.fleet.access.agent.ca;
	what.spec.allow = dn;
	what.spec.allow_count = 0;
	assert_false(enrol_accept(d.engine, &what, &d.arena, &done, &e));
	assert_int_equal(failures_of(&d, i.invite.id), 0);
	/* by name it survives its renewals */
	what.spec.client_ca = NULL;
	what.spec.allow_count = 1;
	must(enrol_accept(d.engine, &what, &d.arena, &done, &e), &e);
	host_end(&h);
	assert_non_null(strstr(host_text(&h, "allow"), "\nCN=ops\n"));
	host_release(&h);
}

TEST(another_authority_must_let_us_in)
{
	const struct world *w = *state;
	AUTO(desk) d = { 0 };
	AUTO(invited) i = { 0 };
	struct host h = { 0 };
	struct enrol_result done = { 0 };
	struct acceptance what = { 0 };
	struct err e = { 0 };

	begin(w, &d, FLEET);
	must_invite(&d, &i);
	host_init(&h);
	what = acceptance_of(&h, &i);
	what.spec.client_ca = d.fleet.access.agent.ca;
	assert_false(enrol_accept(d.engine, &what, &d.arena, &done, &e));
	assert_non_null(strstr(e.text, "the agent would refuse the certificate"));
	what.spec.client_ca = "/nonexistent";
	assert_false(enrol_accept(d.engine, &what, &d.arena, &done, &e));
	assert_non_null(strstr(e.text, "--client-ca"));
	host_release(&h);
}

TEST(an_agent_can_be_enrolled_again)
{
	const struct world *w = *state;
	AUTO(desk) d = { 0 };
	const struct enrolled *all = NULL;
	size_t count = 0;
	struct err e = { 0 };

	begin(w, &d, FLEET);
	for (int n = 0; n < 2; n++) {
		AUTO(invited) i = { 0 };
		struct host h = { 0 };
		struct enrol_result done = { 0 };

		must_invite(&d, &i);
		agent_start(&h, &i);

		struct acceptance what = acceptance_of(&h, &i);

		if (n) {
			assert_false(enrol_accept(d.engine, &what, &d.arena, &done, &e));
			assert_non_null(strstr(e.text, "say so with --again"));
			e = (struct err){ 0 };
			what.again = true;
		}
		must(enrol_accept(d.engine, &what, &d.arena, &done, &e), &e);
		host_end(&h);
		host_release(&h);
	}
	assert_true(state_enrolled(engine_state(d.engine), &d.arena, &all, &count, &e));
	assert_int_equal(count, 2);
	assert_int_equal(all[1].number, 2);
	assert_string_not_equal(all[0].serial, all[1].serial);
}

TEST(an_authority_that_we_do_not_trust_is_told)
{
	const struct world *w = *state;
	AUTO(desk) d = { 0 };
	AUTO(invited) i = { 0 };
	char file[128];

	begin(w, &d, FLEET);
	snprintf(file, sizeof(file), "%s/agents.pem", w->folder);
	assert_int_equal(unlink(file), 0);
	must_invite(&d, &i);
	assert_non_null(strstr(d.noted, "does not hold the authority of issuer 'agents'"));
}

TEST(a_change_of_use_alone_issues_nothing)
{
	const struct world *w = *state;

	write_fleet(w, OPERATOR("reuse") "issuers:\n"
					 "  operators: {subject: \"CN=Operators\"}\n"
					 "  agents: {subject: \"CN=Agents\"}\n");
	apply_accepted(w);
	write_fleet(w, OPERATOR("reuse") "issuers:\n"
					 "  operators: {subject: \"CN=Operators\"}\n"
					 "  agents: {subject: \"CN=Agents\", use: agents}\n");
	assert_string_equal(plan_it(w).steps, "");
}

TEST_EACH(setup, teardown)
