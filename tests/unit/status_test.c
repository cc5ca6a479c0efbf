/* SPDX-License-Identifier: Apache-2.0 */
#include "report/status.h"
#include "test.h"

#include "model/client_view.h"
#include "model/issue_request.h"
#include "json/value.h"

#include <string.h>

#define WANTED "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

enum {
	NOW = 1790000000,
	DAY = 86400
};

/* One certificate on one component, in order; tests spoil it. */
struct world {
	struct arena arena;
	struct issuer issuer;
	struct certificate certificate;
	struct role role;
	struct component component;
	struct fleet fleet;
	struct generation generations[2];
	struct component_seen seen;
	struct import_seen import;
	struct snapshot snapshot;
	struct status status;
};

static void world_release(struct world *w)
{
	arena_release(&w->arena);
}
AUTO_STRUCT(world, struct world, world_release)

static struct generation generation(struct world *w, unsigned number, const char *fingerprint)
{
	return (struct generation){
		.of = OF_CERTIFICATE,
		.owner = "site",
		.number = number,
		.fingerprint = fingerprint,
		.chain = "chain",
		.request = certificate_request(&w->certificate, &w->arena),
		.not_before = NOW - 10 * DAY,
		.not_after = NOW + 80 * DAY,
	};
}

static void world_init(struct world *w)
{
	w->issuer = (struct issuer){ .name = "ca", .kind = ISSUER_MANAGED };
	w->certificate =
		(struct certificate){ .name = "site", .subject = "CN=site", .issuer = &w->issuer };
	w->role = (struct role){ .name = "" };
	w->component = (struct component){ .name = "front",
					   .role = &w->role,
					   .certificate = &w->certificate,
					   .process = "front" };
	w->fleet = (struct fleet){ .name = "shop",
				   .issuers = &w->issuer,
				   .issuer_count = 1,
				   .certificates = &w->certificate,
				   .certificate_count = 1,
				   .components = &w->component,
				   .component_count = 1 };
	w->generations[0] = generation(w, 1, WANTED);
	w->seen = (struct component_seen){ .name = "front",
					   .now.online = true,
					   .now.installed = WANTED,
					   .now.chain = "chain",
					   .now.served = WANTED,
					   .now.evidence = EVIDENCE_HANDSHAKE,
					   .now.observed_at = NOW };
	w->snapshot = (struct snapshot){ .generations = w->generations,
					 .generation_count = 1,
					 .components = &w->seen,
					 .component_count = 1 };
}

static enum component_state state_in(struct world *w)
{
	status_make(&w->fleet, &w->snapshot, NOW, &w->arena, &w->status);
	assert_int_equal(w->status.component_count, 1);
	return w->status.components[0].state;
}

#define WORLD(w)                         \
	AUTO(world) world_ = { 0 };      \
	struct world *const w = &world_; \
	world_init(w)

TEST(a_handshake_that_presents_it_is_in_sync)
{
	WORLD(w);
	assert_int_equal(state_in(w), COMPONENT_IN_SYNC);
}

TEST(served_from_an_unknown_place_is_in_sync)
{
	WORLD(w);
	w->seen.now.installed = NULL;
	assert_int_equal(state_in(w), COMPONENT_IN_SYNC);
}

TEST(without_evidence_nothing_is_in_sync)
{
	WORLD(w);
	w->component.verify_count = 1;
	w->seen.now.evidence = EVIDENCE_NONE;
	assert_int_equal(state_in(w), COMPONENT_UNKNOWN);
	w->seen.now.served = NULL;
	assert_int_equal(state_in(w), COMPONENT_UNKNOWN);
}

TEST(p2_what_cannot_be_asked_is_unproven_and_what_does_not_answer_unknown)
{
	WORLD(w);
	AUTO(buf) why = { 0 };
	w->seen.now.evidence = EVIDENCE_NONE;
	w->seen.now.served = NULL;
	assert_int_equal(state_in(w), COMPONENT_UNPROVEN);
	assert_true(status_check(&w->status, &(struct check){ 0 }, &why));
	assert_false(status_check(&w->status, &(struct check){ .strict = true }, &why));
	assert_string_equal(buf_text(&why), "'front' is unproven\n");
	w->seen.now.error = "connection refused";
	assert_int_equal(state_in(w), COMPONENT_UNKNOWN);
	why.len = 0;
	assert_false(status_check(&w->status, &(struct check){ 0 }, &why));
	assert_string_equal(buf_text(&why), "'front' is unknown: connection refused\n");
	w->component.verify_count = 1;
	w->seen.now.unverifiable = "it demands a client certificate";
	assert_int_equal(state_in(w), COMPONENT_UNPROVEN);
	w->seen.now.online = false;
	assert_int_equal(state_in(w), COMPONENT_UNKNOWN);
}

TEST(a_port_in_the_clear_leaves_what_is_installed_unproven)
{
	WORLD(w);
	w->seen.now.evidence = EVIDENCE_NONE;
	w->seen.now.served = NULL;
	w->component.verify_count = 1;
	w->seen.now.error = w->seen.now.plain = "it answers in the clear";
	assert_int_equal(state_in(w), COMPONENT_UNPROVEN);
}

TEST(i6_deferred_is_only_what_something_was_left_at)
{
	WORLD(w);
	AUTO(buf) why = { 0 };
	w->component.presence = PRESENCE_OPTIONAL;
	w->seen.now.online = false;
	w->seen.now.evidence = EVIDENCE_NONE;
	w->seen.now.served = NULL;
	assert_int_equal(state_in(w), COMPONENT_UNKNOWN);
	assert_true(status_check(&w->status, &(struct check){ 0 }, &why));
	assert_false(status_check(&w->status, &(struct check){ .strict = true }, &why));
	w->seen.activation_due = w->seen.now.installed;
	assert_int_equal(state_in(w), COMPONENT_DEFERRED);
	w->seen.activation_due = NULL;
	w->seen.now.installed = OTHER;
	assert_int_equal(state_in(w), COMPONENT_DEFERRED);
}

TEST(what_is_not_used_is_listed_last_and_good)
{
	WORLD(w);
	AUTO(buf) why = { 0 };
	struct component absent = w->component;

	assert_int_equal(state_in(w), COMPONENT_IN_SYNC);
	absent.name = "another";
	absent.presence = PRESENCE_ABSENT;
	w->fleet.absent = &absent;
	w->fleet.absent_count = 1;
	status_make(&w->fleet, &w->snapshot, NOW, &w->arena, &w->status);
	assert_int_equal(w->status.component_count, 2);
	assert_string_equal(w->status.components[1].component->name, "another");
	assert_int_equal(w->status.components[1].state, COMPONENT_NOT_USED);
	assert_true(status_check(&w->status, &(struct check){ .strict = true }, &why));
}

TEST(an_optional_component_that_is_offline_is_never_late)
{
	WORLD(w);
	AUTO(buf) why = { 0 };
	w->component.presence = PRESENCE_OPTIONAL;
	w->seen = (struct component_seen){ .name = "front", .now.served_not_after = 1 };
	assert_int_equal(state_in(w), COMPONENT_DEFERRED);
	assert_true(status_check(&w->status, &(struct check){ 0 }, &why));
	w->component.presence = PRESENCE_REQUIRED;
	assert_int_not_equal(state_in(w), COMPONENT_DEFERRED);
}

TEST(p2_the_check_is_content_with_what_waits_as_planned)
{
	static const struct step step = { .kind = STEP_ACTIVATE, .component = "front" };
	static const struct left_out left = { .component = "front" };
	WORLD(w);
	AUTO(buf) why = { 0 };
	w->seen.now.served = OTHER;
	assert_int_equal(state_in(w), COMPONENT_RESTART_PENDING);
	status_add_plan(&w->status, &(struct plan){ 0 }, &w->arena);
	assert_true(status_check(&w->status, &(struct check){ 0 }, &why));
	assert_false(status_check(&w->status, &(struct check){ .strict = true }, &why));
	status_add_plan(&w->status, &(struct plan){ .steps = &step, .step_count = 1 }, &w->arena);
	assert_false(status_check(&w->status, &(struct check){ 0 }, &why));
	status_add_plan(&w->status, &(struct plan){ .left_out = &left, .left_out_count = 1 },
			&w->arena);
	assert_false(status_check(&w->status, &(struct check){ 0 }, &why));
	w->seen = (struct component_seen){ .name = "front", .deferred_at = 1 };
	assert_int_equal(state_in(w), COMPONENT_DEFERRED);
	assert_true(status_check(&w->status, &(struct check){ 0 }, &why));
	assert_false(status_check(&w->status, &(struct check){ .strict = true }, &why));
}

TEST(what_waits_for_a_window_or_is_left_by_limits_is_as_planned_until_its_deadline)
{
	static const struct step step = { .kind = STEP_STAGE,
					  .component = "front",
					  .waits_until = NOW + DAY };
	static const struct step now = { .kind = STEP_STAGE, .component = "front" };
	static const struct left_out left = { .component = "front", .code = PLAN_OVER_LIMITS };
	static const struct left_out other = { .component = "front", .code = "offline" };
	const struct plan waits = { .steps = &step, .step_count = 1 };
	const struct plan due = { .steps = &now, .step_count = 1 };
	const struct plan limited = { .left_out = &left, .left_out_count = 1 };
	const struct plan blocked = { .left_out = &other, .left_out_count = 1 };
	WORLD(w);
	AUTO(buf) why = { 0 };
	AUTO(buf) text = { 0 };

	w->seen.now.installed = OTHER;
	assert_int_equal(state_in(w), COMPONENT_OUTDATED);
	status_add_plan(&w->status, &blocked, &w->arena);
	assert_false(status_check(&w->status, &(struct check){ 0 }, &why));
	status_add_plan(&w->status, &limited, &w->arena);
	assert_true(status_check(&w->status, &(struct check){ 0 }, &why));
	status_render_text(&w->status, false, &text);
	assert_non_null(strstr(buf_text(&text), "left to a later apply by 'limits'\n"));
	assert_non_null(strstr(buf_text(&text), "1 outdated; 1 left to a later apply by 'limits'"));
	assert_int_equal(state_in(w), COMPONENT_OUTDATED);
	status_add_plan(&w->status, &waits, &w->arena);
	assert_int_equal(w->status.components[0].waits_until, NOW + DAY);
	assert_true(status_check(&w->status, &(struct check){ 0 }, &why));
	why.len = 0;
	assert_false(status_check(&w->status, &(struct check){ .strict = true }, &why));
	assert_non_null(strstr(buf_text(&why), "'front' is outdated: waits for a window until "));
	assert_int_equal(state_in(w), COMPONENT_OUTDATED);
	status_add_plan(&w->status, &due, &w->arena);
	assert_false(status_check(&w->status, &(struct check){ 0 }, &why));
	w->seen.limited = true; /* by the run before */
	assert_int_equal(state_in(w), COMPONENT_OUTDATED);
	status_add_plan(&w->status, &due, &w->arena);
	assert_true(status_check(&w->status, &(struct check){ 0 }, &why));
	w->seen.limited = false;
	w->seen.now.served_not_after = NOW + 3600;
	assert_int_equal(state_in(w), COMPONENT_OUTDATED);
	for (size_t i = 0; i < 2; i++) {
		status_add_plan(&w->status, i ? &waits : &limited, &w->arena);
		why.len = 0;
		assert_false(status_check(&w->status, &(struct check){ 0 }, &why));
		assert_string_equal(buf_text(&why),
				    "'front' is outdated: what it serves ends in 60 minutes\n");
	}
}

TEST(what_is_due_without_evidence_is_restart_pending)
{
	WORLD(w);
	w->seen.now.evidence = EVIDENCE_NONE;
	w->seen.now.served = NULL;
	w->seen.activation_due = WANTED;
	assert_int_equal(state_in(w), COMPONENT_RESTART_PENDING);
	w->seen.activation_due = OTHER;
	assert_int_equal(state_in(w), COMPONENT_UNPROVEN);
}

TEST(another_served_one_is_restart_pending)
{
	WORLD(w);
	w->seen.now.served = OTHER;
	assert_int_equal(state_in(w), COMPONENT_RESTART_PENDING);
	w->seen.now.served = "";
	assert_int_equal(state_in(w), COMPONENT_RESTART_PENDING);
}

TEST(another_installed_one_is_outdated_although_served)
{
	WORLD(w);
	w->seen.now.installed = OTHER;
	assert_int_equal(state_in(w), COMPONENT_OUTDATED);
}

TEST(a_damaged_pair_or_another_chain_is_outdated)
{
	WORLD(w);
	w->seen.now.damage = "the key does not fit";
	assert_int_equal(state_in(w), COMPONENT_OUTDATED);
	w->seen.now.damage = NULL;
	w->seen.now.chain = "another";
	assert_int_equal(state_in(w), COMPONENT_OUTDATED);
}

TEST(the_right_leaf_with_an_incomplete_chain_is_pending)
{
	WORLD(w);
	assert_int_equal(state_in(w), COMPONENT_IN_SYNC);
	w->seen.now.served_flaw = "an incomplete chain";
	assert_int_equal(state_in(w), COMPONENT_RESTART_PENDING);
}

TEST(p3_a_mode_that_was_changed_is_outdated_and_told)
{
	WORLD(w);
	AUTO(buf) text = { 0 };
	w->seen.now.attr_flaw = "'key.pem' has mode 0666, not 0600";
	assert_int_equal(state_in(w), COMPONENT_OUTDATED);
	status_render_text(&w->status, false, &text);
	assert_non_null(strstr(buf_text(&text), w->seen.now.attr_flaw));
}

TEST(p1_what_no_client_accepts_is_invalid_and_the_check_says_why)
{
	WORLD(w);
	AUTO(buf) why = { 0 };
	struct client_view view = { .until = NOW + 20 * DAY,
				    .ends = "the chain certificate 'CN=m'" };
	w->certificate.import.kind = IMPORT_PEM;
	w->generations[0].source = SOURCE_IMPORTED;
	w->generations[0].view = &view;
	assert_int_equal(state_in(w), COMPONENT_IN_SYNC);
	assert_true(status_check(&w->status, &(struct check){ 20 * DAY }, &why));
	assert_false(status_check(&w->status, &(struct check){ 21 * DAY }, &why));
	assert_string_equal(buf_text(&why), "the chain of certificate 'site' ends in 20 days\n");
	view.gap = "its chain ends at 'CN=x'";
	assert_int_equal(state_in(w), COMPONENT_INVALID);
	why.len = 0;
	assert_false(status_check(&w->status, &(struct check){ 0 }, &why));
	assert_string_equal(buf_text(&why), "'front' is invalid: its chain ends at 'CN=x'\n");
	w->seen.now.evidence = EVIDENCE_NONE;
	assert_int_equal(state_in(w), COMPONENT_UNKNOWN);
}

TEST(nothing_installed_is_absent)
{
	WORLD(w);
	w->seen.now.installed = "";
	w->seen.now.served = NULL;
	w->seen.now.evidence = EVIDENCE_NONE;
	assert_int_equal(state_in(w), COMPONENT_ABSENT);
	w->seen.now.staged = WANTED;
	assert_int_equal(state_in(w), COMPONENT_STAGED);
	w->seen.now.staged = OTHER;
	assert_int_equal(state_in(w), COMPONENT_ABSENT);
}

TEST(what_was_taken_back_and_proven_is_rolled_back)
{
	static const char *const rejected[] = { WANTED };
	WORLD(w);
	w->seen.rejected = rejected;
	w->seen.rejected_count = 1;
	w->seen.last_error = "it still serves another";
	assert_int_equal(state_in(w), COMPONENT_IN_SYNC);
	w->seen.now.installed = OTHER;
	w->seen.now.served = OTHER;
	assert_int_equal(state_in(w), COMPONENT_FAILED);
	w->seen.rollback = ROLLBACK_BEGUN;
	assert_int_equal(state_in(w), COMPONENT_FAILED);
	w->seen.rollback = ROLLBACK_UNPROVEN;
	assert_int_equal(state_in(w), COMPONENT_FAILED);
	w->seen.rollback = ROLLBACK_PROVEN;
	assert_int_equal(state_in(w), COMPONENT_ROLLED_BACK);
	w->seen.rejected_count = 0;
	assert_int_equal(state_in(w), COMPONENT_FAILED);
}

TEST(who_accepts_the_offline_leaves_it)
{
	WORLD(w);
	w->seen = (struct component_seen){ .name = "front", .deferred_at = 1 };
	assert_int_equal(state_in(w), COMPONENT_DEFERRED);
	w->seen.now.online = true;
	assert_int_equal(state_in(w), COMPONENT_UNKNOWN);
}

TEST(only_a_role_that_defers_leaves_the_offline)
{
	WORLD(w);
	w->seen = (struct component_seen){ .name = "front" };
	assert_int_equal(state_in(w), COMPONENT_UNKNOWN);
	w->role.offline = OFFLINE_DEFER;
	assert_int_equal(state_in(w), COMPONENT_DEFERRED);
}

TEST(what_was_never_seen_is_unknown)
{
	WORLD(w);
	w->snapshot.component_count = 0;
	assert_int_equal(state_in(w), COMPONENT_UNKNOWN);
}

TEST(before_the_first_issue_nothing_is_desired)
{
	WORLD(w);
	w->snapshot.generation_count = 0;
	assert_int_equal(state_in(w), COMPONENT_OUTDATED);
	assert_null(w->status.components[0].desired);
	w->seen.now.installed = "";
	assert_int_equal(state_in(w), COMPONENT_ABSENT);
}

TEST(desired_is_the_newest_that_was_asked_for)
{
	WORLD(w);
	w->generations[1] = generation(w, 2, OTHER);
	w->snapshot.generation_count = 2;
	assert_int_equal(state_in(w), COMPONENT_OUTDATED);
	/* A former one does not come back, be it what is asked for again. */
	w->generations[1].request = "subject=CN=else\n";
	assert_int_equal(state_in(w), COMPONENT_OUTDATED);
	w->generations[1] = generation(w, 2, OTHER);
	w->generations[1].source = SOURCE_FOUND;
	assert_int_equal(state_in(w), COMPONENT_IN_SYNC);
	w->generations[1].source = SOURCE_ISSUED;
	w->generations[1].pending = true;
	assert_int_equal(state_in(w), COMPONENT_IN_SYNC);
}

TEST(a_generation_without_its_leaf_is_not_desired)
{
	WORLD(w);
	w->generations[0].pending = true;
	w->generations[0].fingerprint = "";
	w->generations[1] = generation(w, 2, OTHER);
	w->generations[1].source = SOURCE_IMPORTED;
	w->snapshot.generation_count = 2;
	state_in(w);
	assert_null(w->status.components[0].desired);
}

TEST(an_import_is_what_its_file_holds)
{
	WORLD(w);
	w->certificate.import.kind = IMPORT_PEM;
	w->certificate.issuer = NULL;
	w->generations[0].source = SOURCE_IMPORTED;
	w->import = (struct import_seen){ .certificate = "site" };
	w->import.found = generation(w, 0, OTHER);
	w->snapshot.imports = &w->import;
	w->snapshot.import_count = 1;
	assert_int_equal(state_in(w), COMPONENT_OUTDATED);
	w->import.unopened = true;
	w->import.found = (struct generation){ .file = WANTED };
	assert_int_equal(state_in(w), COMPONENT_IN_SYNC);
	w->import.unopened = false;
	w->import.missing = true;
	assert_int_equal(state_in(w), COMPONENT_IN_SYNC);
}

TEST(the_check_names_what_is_not_in_sync)
{
	WORLD(w);
	AUTO(buf) why = { 0 };
	state_in(w);
	assert_true(status_check(&w->status, &(struct check){ 80 * DAY }, &why));
	assert_string_equal(buf_text(&why), "");
	w->seen.now.served = OTHER;
	state_in(w);
	w->status.components[0].planned = true;
	assert_false(status_check(&w->status, &(struct check){ 0 }, &why));
	assert_string_equal(buf_text(&why), "'front' is restart-pending\n");
}

TEST(the_check_names_what_ends_too_soon)
{
	WORLD(w);
	AUTO(buf) why = { 0 };
	state_in(w);
	assert_false(status_check(&w->status, &(struct check){ 80 * DAY + 1 }, &why));
	assert_string_equal(buf_text(&why), "certificate 'site' ends in 80 days\n");
}

TEST(an_authority_that_ends_fails_the_check)
{
	WORLD(w);
	AUTO(buf) why = { 0 };
	w->generations[1] = generation(w, 1, OTHER);
	w->generations[1].of = OF_ISSUER;
	w->generations[1].owner = "ca";
	w->generations[1].not_after = NOW - 3 * DAY;
	w->snapshot.generation_count = 2;
	state_in(w);
	assert_false(status_check(&w->status, &(struct check){ 0 }, &why));
	assert_string_equal(buf_text(&why), "issuer 'ca' ended 3 days ago\n");
}

TEST(what_nothing_uses_does_not_fail_the_check)
{
	WORLD(w);
	AUTO(buf) why = { 0 };
	w->fleet.component_count = 0;
	status_make(&w->fleet, &w->snapshot, NOW, &w->arena, &w->status);
	assert_true(status_check(&w->status, &(struct check){ 1000 * DAY }, &why));
}

static const char *const agent_names[] = { "dns:web1", "ip:::1" };

/* Its certificate ends in 9 days; `url` is where something is delivered. */
static struct enrolled an_agent(struct world *w, const char *url)
{
	w->component.deliver = (struct deliver){ .kind = DRIVER_AGENT, .agent.url = url };
	return (struct enrolled){ .agent = "web1",
				  .number = 1,
				  .issuer = "ca",
				  .serial = "0a",
				  .fingerprint = OTHER,
				  .names = agent_names,
				  .name_count = 2,
				  .not_before = NOW - DAY,
				  .not_after = NOW + 9 * DAY };
}

static bool agent_is_fine(struct world *w, const struct enrolled *agents, size_t count,
			  struct buf *why)
{
	w->snapshot.agents = agents;
	w->snapshot.agent_count = count;
	state_in(w);
	return status_check(&w->status, &(struct check){ 10 * DAY }, why);
}

TEST(an_agent_that_ends_fails_the_check)
{
	static const char *const urls[] = { "https://WEB1:7443", "https://[::1]:7443" };
	for (size_t i = 0; i < 2; i++) {
		WORLD(w);
		AUTO(buf) why = { 0 };
		const struct enrolled agent = an_agent(w, urls[i]);

		assert_false(agent_is_fine(w, &agent, 1, &why));
		assert_string_equal(buf_text(&why),
				    "the certificate of agent 'web1' ends in 9 days\n");
	}
}

TEST(an_agent_that_nothing_uses_does_not)
{
	WORLD(w);
	AUTO(buf) why = { 0 };
	const struct enrolled agent = an_agent(w, "https://web11:7443");
	assert_true(agent_is_fine(w, &agent, 1, &why));
}

TEST(of_an_agent_the_last_certificate_counts)
{
	WORLD(w);
	AUTO(buf) why = { 0 };
	struct enrolled agents[2];
	agents[0] = an_agent(w, "https://web1:7443");
	agents[1] = agents[0];
	agents[1].number = 2;
	agents[1].not_after = NOW + 80 * DAY;
	assert_true(agent_is_fine(w, agents, 2, &why));
	assert_int_equal(w->status.agent_count, 1);
}

TEST(an_agent_that_is_renewed_is_looked_at_there)
{
	static const struct san host = { NAME_DNS, "web1" };
	WORLD(w);
	AUTO(buf) why = { 0 };
	AUTO(buf) text = { 0 };
	const struct enrolled agent = an_agent(w, "https://web1:7443");
	w->component.deliver.agent.self = true;
	w->certificate.names = &host;
	w->certificate.name_count = 1;
	w->generations[0] = generation(w, 1, WANTED);
	assert_true(agent_is_fine(w, &agent, 1, &why));
	assert_ptr_equal(w->status.agents[0].renewed_by, &w->component);
	status_render_text(&w->status, false, &text);
	assert_non_null(strstr(buf_text(&text), "by 'front'"));
	/* it has the new pair: when the first one ends is no matter */
	w->seen.now.installed = WANTED;
	assert_true(agent_is_fine(w, &agent, 1, &why));
	assert_true(w->status.agents[0].replaced);
	w->seen.now.installed = OTHER;
	state_in(w);
	assert_false(w->status.agents[0].replaced);
}

static json_t *only_row(const json_t *document, const char *list)
{
	return json_array_get(json_object_get(document, list), 0);
}

static const char *text_at(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

TEST(json_tells_nothing_from_unknown)
{
	WORLD(w);
	w->seen.now.installed = "";
	w->seen.now.served = NULL;
	w->seen.now.evidence = EVIDENCE_NONE;
	state_in(w);

	AUTO(json) document = status_to_json(&w->status);
	json_t *row = only_row(document, "components");

	assert_string_equal(text_at(row, "installed"), "");
	assert_true(json_is_null(json_object_get(row, "served")));
	assert_string_equal(text_at(row, "state"), "absent");
	assert_string_equal(text_at(row, "evidence"), "none");
	assert_string_equal(text_at(row, "desired"), WANTED);
}

TEST(days_left_are_rounded_down_past_the_end_too)
{
	WORLD(w);
	w->generations[0].not_after = NOW + DAY - 1;
	state_in(w);
	AUTO(json) almost = status_to_json(&w->status);
	w->generations[0].not_after = NOW - 1;
	state_in(w);
	AUTO(json) over = status_to_json(&w->status);

	assert_int_equal(
		json_integer_value(json_object_get(only_row(almost, "certificates"), "days_left")),
		0);
	assert_int_equal(
		json_integer_value(json_object_get(only_row(over, "certificates"), "days_left")),
		-1);
}

TEST(w5_a_renewal_that_is_overdue_says_since_when)
{
	WORLD(w);
	AUTO(buf) text = { 0 };
	w->certificate.renew_before.seconds = 30 * DAY;
	w->generations[0].not_before = NOW - 68 * DAY;
	w->generations[0].not_after = NOW + 22 * DAY;
	state_in(w);
	status_render_text(&w->status, false, &text);
	assert_non_null(strstr(buf_text(&text), "22 days  due for 8 days"));
}

TEST(text_from_outside_cannot_move_the_cursor)
{
	WORLD(w);
	AUTO(buf) text = { 0 };
	w->seen.now.served = OTHER;
	w->seen.last_error = "bad\033[2Jnews\n'front' is in-sync";
	state_in(w);
	status_render_text(&w->status, false, &text);
	assert_null(strchr(buf_text(&text), '\033'));
	assert_non_null(strstr(buf_text(&text), "bad\\x1b[2Jnews\n    | 'front' is in-sync\n"));
}

TEST(offline_says_as_of_when)
{
	WORLD(w);
	AUTO(buf) text = { 0 };
	w->seen.now.observed_at = NOW - DAY;
	state_in(w);
	w->status.offline = true;
	status_render_text(&w->status, false, &text);
	assert_non_null(strstr(buf_text(&text), "at the earliest at 2026-09-20T"));
}

static struct precondition offline_problem(const char *component, const char *remedy)
{
	return (struct precondition){ .code = "offline",
				      .severity = SEVERITY_ACKNOWLEDGE,
				      .about = ABOUT_COMPONENT,
				      .component = component,
				      .message = "timed out",
				      .remedy = remedy };
}

TEST(i1_status_names_what_an_apply_would_wait_for)
{
	WORLD(w);
	AUTO(buf) text = { 0 };
	struct precondition all[] = {
		offline_problem("zone", "wait; or accept it with --ack offline:zone"),
		{ .code = "import-invalid",
		  .about = ABOUT_CERTIFICATE,
		  .component = "site",
		  .message = "it is empty",
		  .remedy = "replace it" },
		{ .code = "shared-key", .severity = SEVERITY_INFO, .component = "site" },
		offline_problem("front", "wait; or accept it with --ack offline:front"),
		{ .code = "backup-missing",
		  .severity = SEVERITY_INFO,
		  .component = "",
		  .message = "gone",
		  .remedy = "apply" },
		offline_problem("taken", "wait"),
	};
	const struct plan p = { .preconditions = all, .precondition_count = 6 };

	all[5].acknowledged = true;
	state_in(w);
	status_add_plan(&w->status, &p, &w->arena);
	status_render_text(&w->status, false, &text);
	assert_non_null(
		strstr(buf_text(&text),
		       "import-invalid site: it is empty; replace it\n"
		       "offline front, zone: timed out; wait; or accept it with --ack offline\n"
		       "backup-missing: gone; apply\n\n"));

	AUTO(json) document = status_to_json(&w->status);

	assert_string_equal(text_at(only_row(only_row(document, "components"), "problems"), "code"),
			    "offline");
	assert_string_equal(
		text_at(only_row(only_row(document, "certificates"), "problems"), "message"),
		"it is empty");
	assert_int_equal(json_array_size(json_object_get(document, "problems")), 4);
	assert_string_equal(text_at(only_row(document, "problems"), "subject"), "site");
	assert_string_equal(text_at(only_row(document, "problems"), "severity"), "block");
}

TEST(metrics_are_of_every_certificate_component_and_run)
{
	WORLD(w);
	AUTO(buf) text = { 0 };
	w->component.name = "edge/a\"b\\";
	w->seen.name = w->component.name;
	w->seen.now.served_not_after = NOW + 5 * DAY;
	assert_int_equal(state_in(w), COMPONENT_IN_SYNC);
	status_render_prometheus(&w->status, &text);
	assert_non_null(strstr(
		text.data,
		"# TYPE certfleet_certificate_not_after_seconds gauge\n"
		"certfleet_certificate_not_after_seconds{fleet=\"shop\",certificate=\"site\"} 1796912000\n"));
	assert_non_null(strstr(
		text.data,
		"\ncertfleet_component_state{fleet=\"shop\",component=\"edge/a\\\"b\\\\\",state=\"in-sync\"} 1\n"));
	assert_non_null(strstr(text.data, "component=\"edge/a\\\"b\\\\\"} 1790432000\n"));
	assert_null(strstr(text.data, "\ncertfleet_last_run_exit_status{"));
	w->status.runs = (struct status_runs){ NOW - 60, 7, NOW - DAY };
	text.len = 0;
	status_render_prometheus(&w->status, &text);
	assert_non_null(strstr(text.data, "\ncertfleet_last_run_exit_status{fleet=\"shop\"} 7\n"));
	assert_non_null(
		strstr(text.data,
		       "\ncertfleet_last_success_timestamp_seconds{fleet=\"shop\"} 1789913600\n"));
}

TEST(what_is_served_and_ends_within_the_deadline_cannot_wait)
{
	WORLD(w);
	AUTO(buf) why = { 0 };
	w->seen.now.served = OTHER;
	w->seen.now.served_not_after = NOW + 7 * DAY + 1;
	assert_int_equal(state_in(w), COMPONENT_RESTART_PENDING);
	assert_true(status_check(&w->status, &(struct check){ 0 }, &why));
	w->seen.now.served_not_after = NOW + 7 * DAY;
	state_in(w);
	assert_false(status_check(&w->status, &(struct check){ 0 }, &why));
	assert_string_equal(buf_text(&why),
			    "'front' is restart-pending: what it serves ends in 7 days\n");
	/* a tenth of a known life of 10 days */
	w->generations[1] = generation(w, 1, OTHER);
	w->generations[1].source = SOURCE_FOUND;
	w->generations[1].not_before = NOW - 8 * DAY;
	w->generations[1].not_after = NOW + 2 * DAY;
	w->snapshot.generation_count = 2;
	w->seen.now.served_not_after = NOW + 2 * DAY;
	state_in(w);
	assert_true(status_check(&w->status, &(struct check){ 0 }, &why));
	w->seen.now.served_not_after = NOW + DAY;
	state_in(w);
	assert_false(status_check(&w->status, &(struct check){ 0 }, &why));
	w->seen.now.served_not_after = NOW - DAY;
	w->seen.now.online = false;
	w->seen.now.evidence = EVIDENCE_NONE;
	w->role.offline = OFFLINE_DEFER;
	assert_int_equal(state_in(w), COMPONENT_DEFERRED);
	why.len = 0;
	assert_false(status_check(&w->status, &(struct check){ 0 }, &why));
	assert_string_equal(buf_text(&why),
			    "'front' is deferred: what it serves ended 24 hours ago\n");
}
