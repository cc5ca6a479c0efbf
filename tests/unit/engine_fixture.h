/* SPDX-License-Identifier: Apache-2.0 */
/* A work folder with a fleet file, planned and applied by the engine alone. */
#ifndef ENGINE_FIXTURE_H
#define ENGINE_FIXTURE_H

#include "base/clock.h"
#include "base/fs.h"
#include "config/load.h"
#include "engine/backup.h"
#include "engine/engine.h"
#include "engine/saved_plan.h"
#include "pki/issue.h"
#include "plan/planner.h"
#include "state/state.h"
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* One world: a work folder with a fleet file in it. */
struct world {
	char folder[64];
	char file[96];
};

/* What one plan or apply told. */
struct told {
	char steps[4096];         /* "issue web; stage web a; " */
	char preconditions[1024]; /* "acknowledge offline a; " */
	struct apply_result result;
	struct err error;
	bool planned;
};

#define HEAD             \
	"certfleet: 1\n" \
	"fleet: test\n"  \
	"backup: {passphrase: {env: CERTFLEET_TEST}}\n"

int setup(void **state);
int teardown(void **state);
void write_fleet(const struct world *w, const char *body);

struct wish {
	bool apply;
	int64_t at; /* 0: now */
	struct choices choices;
	size_t only; /* carry out that many steps; 0: all */
	bool offline;
	event_fn *listen; /* gets the world */
};

struct told run_wish(const struct world *w, struct wish wish);
struct told plan_it(const struct world *w);
struct told apply_it(const struct world *w);
void assert_applied(struct told t);
bool there(const struct world *w, const char *name);
void slurp(const struct world *w, const char *name, char *out, size_t room);

#define ONE                                               \
	"certificates:\n"                                 \
	"  web: {subject: \"CN=web.test\", issuer: ca}\n" \
	"issuers:\n"                                      \
	"  ca: {subject: \"CN=CA\", publish: ca.pem}\n"   \
	"components:\n"                                   \
	"  a: {certificate: web, deliver: {files: {directory: a}}}\n"

#endif
