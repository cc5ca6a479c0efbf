/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is really in use: desired, installed and served of every component,
 * and the certificates behind them.  One set of rows, made once, rendered as
 * table and as JSON (DESIGN 4).
 */
#ifndef REPORT_STATUS_H
#define REPORT_STATUS_H

#include "base/arena.h"
#include "base/buf.h"
#include "model/fleet.h"
#include "model/snapshot.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A component's state (DESIGN 1). */
enum component_state {
	COMPONENT_ABSENT,
	COMPONENT_OUTDATED,
	COMPONENT_STAGED,
	COMPONENT_RESTART_PENDING,
	COMPONENT_IN_SYNC,
	COMPONENT_FAILED,
	COMPONENT_ROLLED_BACK,
	COMPONENT_DEFERRED,
	COMPONENT_UNKNOWN,
	COMPONENT_STATE_COUNT
};

extern const char *const component_state_names[COMPONENT_STATE_COUNT + 1];

struct status_component {
	const struct component *component;
	const struct component_seen *seen; /* NULL: never */
	const char *desired;               /* NULL: nothing issued yet */
	enum component_state state;
};

struct status_certificate {
	const struct certificate *certificate; /* NULL for an issuer's */
	const struct issuer *issuer;
	const struct generation *generation; /* NULL: nothing issued yet */
	int64_t renew_at;
};

struct status {
	const struct fleet *fleet;
	int64_t now;
	int64_t observed_at;
	bool offline;
	struct status_certificate *certificates;
	size_t certificate_count;
	struct status_component *components;
	size_t component_count;
};

/* Borrows both arguments; rows are made in `a`. */
void status_make(const struct fleet *f, const struct snapshot *s, int64_t now,
		 struct arena *a, struct status *out);
json_t *status_to_json(const struct status *s);
void status_render_text(const struct status *s, bool color, struct buf *out);
/*
 * Whether every component is in-sync and no certificate in use ends within
 * `within` seconds; otherwise says why, one line each.
 */
bool status_check(const struct status *s, int64_t within, struct buf *why);

#endif
