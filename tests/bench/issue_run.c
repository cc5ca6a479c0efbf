/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine issues what a fleet file asks for, as an apply does: journalled,
 * keys durable and sealed before their certificates exist.  Prints the
 * seconds that the create-issuer and issue steps took.
 */
#include "base/clock.h"
#include "config/load.h"
#include "engine/engine.h"
#include "pki/issue.h"
#include "plan/planner.h"

#include <stdio.h>
#include <time.h>

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct watch {
	double begin;
	double end;
};

/* From the first issue step to the last; unsealing is not part of it. */
static void on_event(void *ctx, const struct event *event)
{
	struct watch *w = ctx;

	if (event->kind == EVENT_RUN_STARTED)
		w->begin = seconds();
	if (event->kind == EVENT_STEP_ENDED)
		w->end = seconds();
}

/* Only what makes certificates. */
static void keep_issuing(struct plan *p)
{
	size_t count = 0;

	while (count < p->step_count && p->steps[count].kind <= STEP_ISSUE)
		count++;
	p->step_count = count;
	p->wave_count = 0;
}

static int fail(const struct err *e)
{
	fprintf(stderr, "issue_run: %s\n", e->text);
	return 1;
}

int main(int argc, char **argv)
{
	AUTO(fleet) fleet = { 0 };
	AUTO(diags) diags = { 0 };
	AUTO(engine) engine = NULL;
	AUTO(snapshot) snapshot = { 0 };
	AUTO(plan) plan = { 0 };
	struct watch watch = { 0 };
	struct err e = { 0 };
	struct apply_result result = { 0 };

	if (argc < 2 || !load_fleet(argv[1], subject_canonical, &fleet, &diags, &e))
		return fail(&e);

	struct engine_options options = { .fleet = &fleet,
					  .apply = true,
					  .holder = "bench",
					  .listen = on_event,
					  .listen_ctx = &watch };

	if (!engine_open(&options, &engine, &e) ||
	    !engine_observe(engine, false, clock_now(), &snapshot, &e))
		return fail(&e);

	struct plan_input input = {
		.fleet = &fleet, .snapshot = &snapshot, .at = clock_now(), .spec_digest = ""
	};

	if (!plan_make(&input, &plan, &e))
		return fail(&e);
	keep_issuing(&plan);

	struct apply_order order = {
		.plan = &plan, .snapshot = &snapshot, .plan_json = "{}", .plan_hash = ""
	};

	if (!engine_apply(engine, &order, &result, &e))
		return fail(&e);
	if (result.exit_status)
		return 1;
	printf("%.6f\n", watch.end - watch.begin);
	return 0;
}
