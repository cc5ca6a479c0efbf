/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agents_deliver FLEET SEQUENCE: asks all agents of a fleet for their status,
 * then stages and commits one pair on all of them over the connections that
 * were kept.  Prints the seconds of both.
 */
#include "base/clock.h"
#include "config/load.h"
#include "drivers/driver.h"
#include "pki/issue.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int fail(const struct err *e)
{
	fprintf(stderr, "agents_deliver: %s\n", e->text);
	return 1;
}

static bool run(struct drivers *d, const struct fleet *f, struct job what, struct arena *a,
		struct err *e)
{
	struct job *jobs = arena_array(a, f->component_count, sizeof(*jobs));

	for (size_t i = 0; i < f->component_count; i++) {
		jobs[i] = what;
		jobs[i].component = &f->components[i];
		jobs[i].arena = a;
	}
	drivers_run(d, jobs, f->component_count);
	for (size_t i = 0; i < f->component_count; i++)
		if (!jobs[i].done) {
			*e = jobs[i].error;
			return false;
		}
	return true;
}

int main(int argc, char **argv)
{
	AUTO(arena) a = { 0 };
	AUTO(fleet) fleet = { 0 };
	AUTO(diags) diags = { 0 };
	AUTO(secret) key = { 0 };
	AUTO(pair) pair = { 0 };
	struct err e = { 0 };
	double begin = 0;
	double asked = 0;

	if (argc != 3 || !load_fleet(argv[1], subject_canonical, &fleet, &diags, &e) ||
	    !key_generate(KEY_ECDSA_P256, &key, &e) ||
	    !issue_leaf(fleet.components[0].certificate, &key, NULL, clock_now(), &pair, &e))
		return fail(&e);

	AUTO(drivers)
	d = drivers_new(&(const struct drivers_options){ .access = &fleet.access });
	struct job job = { .verb = DRIVER_PROBE,
			   .fingerprint = pair.facts.fingerprint,
			   .lineage = "bench",
			   .sequence = atoll(argv[2]) };

	begin = seconds();
	if (!run(d, &fleet, job, &a, &e))
		return fail(&e);
	asked = seconds();
	job.verb = DRIVER_STAGE;
	job.set = &pair.set;
	job.key = &pair.key;
	if (!run(d, &fleet, job, &a, &e))
		return fail(&e);
	job.verb = DRIVER_COMMIT;
	job.set = NULL;
	if (!run(d, &fleet, job, &a, &e))
		return fail(&e);
	printf("%.3f %.3f\n", asked - begin, seconds() - asked);
	return 0;
}
