/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/driver.h"

#include "base/stop.h"
#include "drivers/files.h"
#include "drivers/table.h"

static const struct driver *const drivers[] = {
	[DRIVER_FILES] = &files_driver,
};
_Static_assert(sizeof(drivers) / sizeof(*drivers) == DRIVER_KIND_COUNT,
	       "every driver needs its row");

static const struct driver *driver_of(const struct component *c)
{
	return drivers[c->deliver.kind];
}

/* Activating and putting back end what was begun, so a stop lets them. */
static bool begins_something(enum driver_verb verb)
{
	switch (verb) {
	case DRIVER_PROBE:
	case DRIVER_STAGE:
	case DRIVER_COMMIT:
	case DRIVER_REMOVE:
		return true;
	case DRIVER_ABORT:
	case DRIVER_ACTIVATE:
	case DRIVER_REVERT:
	case DRIVER_VERB_COUNT:
		break;
	}
	return false;
}

static void run_one(struct job *j)
{
	j->error = (struct err){ 0 };
	j->done = false;
	if (stop_requested() && begins_something(j->verb)) {
		err_set(&j->error, ERR_STOPPED,
			"not begun, because a stop was asked for");
		return;
	}
	j->done = driver_of(j->component)->verbs[j->verb](j, &j->error);
}

void drivers_run(struct job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		run_one(&jobs[i]);
}

enum activation driver_activation(const struct component *c)
{
	return component_activation(c);
}

bool driver_read_installed(const struct component *c, struct arena *a,
			   struct cert_set *set, struct secret *key,
			   struct err *e)
{
	return driver_of(c)->read_installed(c, a, set, key, e);
}
