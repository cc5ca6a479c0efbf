/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/saved_plan.h"
#include "test.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static struct precondition doubt(const char *component, const char *message, bool acknowledged)
{
	return (struct precondition){ .code = PLAN_PIDFILE_DOUBTFUL,
				      .severity = SEVERITY_ACKNOWLEDGE,
				      .component = component,
				      .message = message,
				      .remedy = "",
				      .acknowledged = acknowledged };
}

static struct plan plan_with(const struct precondition *p)
{
	return (struct plan){ .spec_digest = "d",
			      .lineage = "l",
			      .serial = 7,
			      .preconditions = p,
			      .precondition_count = 1 };
}

static bool resumes(const struct precondition *before, const struct precondition *now,
		    struct err *e)
{
	const struct plan saved = plan_with(before);
	const struct plan fresh = plan_with(now);
	const struct snapshot snapshot = { 0 };
	const struct run_record run = { .number = 1, .serial = 7 };

	return resume_fits(&(struct resumption){ &saved, &fresh, &snapshot, &run }, e);
}

TEST(e3_a_resumed_run_tells_the_process_that_was_accepted)
{
	const struct precondition accepted = doubt("web", "is /bin/a", true);
	struct err e = { 0 };

	assert_true(resumes(&accepted, &accepted, &e));
}

TEST(e3_a_resumed_run_tells_no_other_process)
{
	const struct precondition accepted = doubt("web", "is /bin/a", true);
	const struct precondition others[] = {
		doubt("web", "is /bin/b", true),
		doubt("db", "is /bin/a", true),
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct err e = { 0 };

		assert_false(resumes(&accepted, &others[i], &e));
		assert_int_equal(e.code, ERR_STALE);
		assert_non_null(strstr(e.text, others[i].component));
		assert_non_null(strstr(e.text, others[i].message));
	}
}

/* Who is not accepted stops the run where every plan is stopped. */
TEST(e3_a_doubt_that_waits_is_no_other_process)
{
	const struct precondition accepted = doubt("web", "is /bin/a", true);
	const struct precondition waits = doubt("web", "is /bin/b", false);
	struct err e = { 0 };

	assert_true(resumes(&accepted, &waits, &e));
}
