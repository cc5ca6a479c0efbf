/* SPDX-License-Identifier: Apache-2.0 */
/* Small fleets with a snapshot of them, made by hand, for the plan tests. */
#ifndef PLAN_FIXTURE_H
#define PLAN_FIXTURE_H

#include "base/arena.h"
#include "base/err.h"
#include "model/fleet.h"
#include "model/snapshot.h"
#include "plan/planner.h"
#include "test.h"

#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DAY = 24 * 3600,
};

#define WORLD_NOW ((int64_t)1795420800) /* 2026-11-23T08:00:00Z */

struct world {
	struct arena a;
	struct fleet fleet;
	struct snapshot snapshot;
	struct issuer *issuers;
	struct certificate *certificates;
	struct role *roles;
	struct component *components;
	struct generation *generations;
	struct component_seen *seen;
	struct choices choices;
	struct san names[1];
};

void world_release(struct world *w);
AUTO_STRUCT(world, struct world, world_release)

/* 64 hex digits that differ when `label` does. */
const char *world_fingerprint(struct arena *a, const char *label);

MUST_CHECK bool world_plan(struct world *w, struct plan *p, struct err *e);
char *world_json(const struct plan *p);

/*
 * `count` components c00000.. with one certificate "web" from issuer "ca",
 * nothing known and nothing installed, everything online.
 */
void world_init(struct world *w, size_t count);

#endif
