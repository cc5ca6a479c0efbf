/* SPDX-License-Identifier: Apache-2.0 */
#include "report/notification.h"
#include "test.h"

#include "base/exit_status.h"
#include "json/value.h"

#include <string.h>

enum {
	CHANGED = 1 << NOTIFY_CHANGED,
	FAILED = 1 << NOTIFY_FAILED,
	AWAITING = 1 << NOTIFY_AWAITING,
	MANY = 50
};

static const struct fleet shop = { .name = "shop" };
static const struct notification quiet = { .fleet = &shop, .who = "root@host", .started = 1 };

static unsigned outcomes_of(int status, const struct plan *p, const struct apply_result *r)
{
	struct notification n = quiet;

	n.exit_status = status;
	n.plan = p;
	n.result = r;
	return notification_outcomes(&n);
}

static json_t *summary_of(const struct notification *n, struct arena *a)
{
	const struct notice notice = notification_notice(n, notification_outcomes(n), a);
	json_t *json = json_parse(notice.summary, strlen(notice.summary));

	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "text")), notice.text);
	assert_string_equal(json_string_value(json_object_get(json, "outcome")), notice.outcome);
	return json;
}

TEST(the_exit_status_decides_between_failed_awaiting_and_nothing)
{
	static const struct {
		int status;
		unsigned outcomes;
	} rows[] = {
		{ EXIT_DONE, 0 },           { EXIT_FAILED, FAILED },      { EXIT_ASKS, FAILED },
		{ EXIT_BLOCKED, FAILED },   { EXIT_STALE, FAILED },       { EXIT_BUSY, FAILED },
		{ EXIT_PARTLY, FAILED },    { EXIT_ROLLED_BACK, FAILED }, { EXIT_AWAITS, AWAITING },
		{ EXIT_BAD_INPUT, FAILED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(outcomes_of(rows[i].status, NULL, NULL), rows[i].outcomes);
}

TEST(a_run_that_did_a_step_has_changed_something_unless_it_failed)
{
	const struct plan p = { 0 };
	const struct apply_result done = { .run = 3, .done = 1 };
	const struct apply_result nothing = { .run = 3 };

	assert_int_equal(outcomes_of(EXIT_DONE, &p, &done), CHANGED);
	assert_int_equal(outcomes_of(EXIT_DONE, &p, &nothing), 0);
	assert_int_equal(outcomes_of(EXIT_AWAITS, &p, &done), CHANGED | AWAITING);
	assert_int_equal(outcomes_of(EXIT_PARTLY, &p, &done), FAILED);
}

TEST(what_only_waits_for_approvals_is_awaiting)
{
	struct precondition list[] = {
		{ .code = PLAN_APPROVAL_MISSING,
		  .severity = SEVERITY_ACKNOWLEDGE,
		  .component = "" },
		{ .code = "offline", .severity = SEVERITY_ACKNOWLEDGE, .component = "" },
	};
	struct plan p = { .preconditions = list, .precondition_count = 1 };

	assert_int_equal(outcomes_of(EXIT_ASKS, &p, NULL), AWAITING);
	p.precondition_count = 2;
	assert_int_equal(outcomes_of(EXIT_ASKS, &p, NULL), FAILED);
	list[1].acknowledged = true;
	assert_int_equal(outcomes_of(EXIT_ASKS, &p, NULL), AWAITING);
}

TEST(what_waits_for_a_window_is_awaiting)
{
	struct step step = { .kind = STEP_COMMIT, .component = "web", .waits_until = 1000 };
	const struct plan p = { .steps = &step, .step_count = 1 };

	assert_int_equal(outcomes_of(EXIT_DONE, &p, NULL), AWAITING);
	step.waits_until = 0;
	assert_int_equal(outcomes_of(EXIT_DONE, &p, NULL), 0);
}

TEST(a_run_before_that_did_not_end_is_told_by_the_next)
{
	const struct run_record broken = { .number = 7 };
	struct notification n = quiet;
	AUTO(arena) a = { 0 };

	n.interrupted = &broken;
	assert_int_equal(notification_outcomes(&n), CHANGED);

	AUTO(json) json = summary_of(&n, &a);

	assert_int_equal(json_integer_value(json_object_get(json, "interrupted_run")), 7);
	assert_true(json_is_null(json_object_get(json, "run")));
}

TEST(problems_are_bounded_escaped_and_counted)
{
	char message[1000];
	struct failed_step failed[MANY];
	struct notification n = quiet;
	AUTO(arena) a = { 0 };

	memset(message, 'x', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	memcpy(message, "a\nb\033[2J", 7);
	for (size_t i = 0; i < MANY; i++)
		failed[i] = (struct failed_step){ .kind = STEP_COMMIT,
						  .component = "web",
						  .certificate = "site",
						  .address = "web:443",
						  .error = message };
	n.exit_status = EXIT_PARTLY;
	n.failed = failed;
	n.failed_count = MANY;

	AUTO(json) json = summary_of(&n, &a);
	const json_t *list = json_object_get(json, "problems");
	const char *told = json_string_value(json_object_get(json_array_get(list, 0), "message"));
	const char *text = json_string_value(json_object_get(json, "text"));

	assert_int_equal(json_array_size(list), NOTIFICATION_PROBLEMS);
	assert_int_equal(json_integer_value(json_object_get(json, "more_problems")),
			 MANY - NOTIFICATION_PROBLEMS);
	assert_int_equal(strncmp(told, "a b\\x1b[2J", 9), 0);
	assert_true(strlen(told) < 320);
	assert_non_null(strstr(text, "- commit web at web:443: a b\\x1b"));
	assert_non_null(strstr(text, "- and 30 more\n"));
}

TEST(reasons_and_the_cause_are_told)
{
	const struct plan p = { .choices = { .ignore_windows = "fair",
					     .over_limits = "key lost" } };
	struct notification n = quiet;
	AUTO(arena) a = { 0 };

	n.plan = &p;
	n.reason = "site down";
	n.error = "the lock is held";
	n.exit_status = EXIT_BUSY;

	AUTO(json) json = summary_of(&n, &a);
	const json_t *reasons = json_object_get(json, "reasons");
	const char *text = json_string_value(json_object_get(json, "text"));

	assert_string_equal(json_string_value(json_object_get(reasons, "approval_missing")),
			    "site down");
	assert_string_equal(json_string_value(json_object_get(reasons, "ignore_windows")), "fair");
	assert_string_equal(json_string_value(json_object_get(reasons, "over_limits")), "key lost");
	assert_string_equal(json_string_value(json_object_get(json, "error")), "the lock is held");
	assert_non_null(strstr(
		text, "certfleet shop: failed, no run took place (by root@host, exit status 6"));
	assert_non_null(strstr(text, "\nthe lock is held\n"));
	assert_non_null(strstr(text, "\napplied without approvals: site down\n"));
}
