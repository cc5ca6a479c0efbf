/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a plan for a command: observe, plan, and render it for display, saving
 * and execution.
 */
#ifndef CLI_PLANNING_H
#define CLI_PLANNING_H

#include "base/err.h"
#include "cli/bundle_option.h"
#include "cli/options.h"
#include "cli/session.h"
#include "model/fleet.h"
#include "model/plan.h"
#include "model/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

/* Options shared by plan and apply. */
struct chosen {
	struct texts targets;
	struct texts acks;
	struct texts reissue;
	struct texts use;
	struct moment until;
	struct texts handed_over;
	const char *from_backup;
	const char *ignore_windows;
	const char *over_limits;
	struct bundle_options open;
};
#define CHOSEN_OPTIONS(T, member)                                                                          \
	TEXTS(T, member.targets, .name = "target", .argument = "T",                                        \
	      .help = "only this component or group, role:NAME,\n"                                         \
		      "                          certificate:NAME or "                                     \
		      "issuer:NAME"),                                                                      \
		TEXTS(T, member.acks, .name = "ack", .argument = "CODE[:T]",                               \
		      .help = "accept a precondition, everywhere or at T"),                                \
		TEXTS(T, member.reissue, .name = "reissue", .argument = "NAME",                            \
		      .help = "issue this certificate anew, with a new key"),                              \
		TEXTS(T, member.use, .name = "use", .argument = "NAME@WHICH",                              \
		      .help = "go back to a former certificate: WHICH is previous,\n"                      \
			      "                          or digits of its fingerprint; newest ends that"), \
		TIME(T, member.until, .name = "until",                                                     \
		     .help = "how long --use holds; else half its rest, at most 7d"),                      \
		TEXTS(T, member.handed_over, .name = "handed-over", .argument = "NAME",                    \
		      .help = "a person has imported the file of this component or\n"                      \
			      "                          certificate, which its port does not show yet"),  \
		TEXT(T, member.from_backup, .name = "from-backup", .argument = "BUNDLE",                   \
		     .help = "put back the newest pairs in a bundle"),                                     \
		TEXT(T, member.ignore_windows, .name = "ignore-windows", .argument = "REASON",             \
		     .help = "do now what waits for a window or a freeze; recorded"),                      \
		TEXT(T, member.over_limits, .name = "over-limits", .argument = "REASON",                   \
		     .help = "do in one run what 'limits' spreads over more"),                             \
		BUNDLE_OPTIONS(T, member.open)

/*
 * The choices from the options: each list sorted and without duplicates, so
 * that their order on the command line does not matter.  Borrows the texts.
 */
struct choices chosen_choices(const struct chosen *c, struct arena *a);

/* ERR_USAGE: a choice that needs a reason has none. */
MUST_CHECK bool chosen_check(const struct chosen *c, struct err *e);
/*
 * With --from-backup: opens the bundle for the session's engine.  The fleet must be
 * loaded; the engine is opened again, for reading.
 */
MUST_CHECK bool chosen_open_backup(struct session *s, const struct chosen *c, struct err *e);

struct planned {
	struct snapshot snapshot;
	struct plan plan;
};
void planned_release(struct planned *p);
AUTO_STRUCT(planned, struct planned, planned_release)

struct planning {
	bool offline;      /* no contact to anything */
	int64_t now;       /* time of the observation */
	int64_t at;        /* time the plan is made for */
	int64_t valid_for; /* see plan/planner.h */
	struct choices choices;
	const char *maker;         /* of the saved plan that is made again, see plan/planner.h */
	bool unapproved;           /* likewise */
	const struct plan *broken; /* plan of an unfinished run, see plan/planner.h; NULL: none */
	const struct moved_component *moved; /* leave the plan, see plan/planner.h */
	size_t moved_count;
};

/* `out` must be empty; the engine of the session must be open. */
MUST_CHECK bool planning_make(struct session *s, const struct planning *how, struct planned *out,
			      struct err *e);

/* Makes the plan again, from the observation that is there. */
MUST_CHECK bool planning_repeat(struct session *s, const struct planning *how, struct planned *p,
				struct err *e);

/* Prints how many components wait for a restart that this plan leaves out. */
void planning_tell_postponed(struct session *s, const struct planned *p);

/* The plan on one line of JSON; equal plans give equal lines. */
const char *plan_line(const struct plan *p, struct arena *a);

/* ---- report of affected components ---- */

/*
 * The components with a step or a precondition of a plan, as a file to hand on: name,
 * role, address, version, online, reason and remedy, one row per precondition.
 */

enum affected_form {
	AFFECTED_CSV, /* RFC 4180 */
	AFFECTED_JSON
};

/* Chosen by the extension of `path`; ERR_USAGE for any other. */
MUST_CHECK bool affected_form(const char *path, enum affected_form *form, struct err *e);
/* ERR_USAGE for an unknown extension, or when another file would be overwritten. */
MUST_CHECK bool affected_may_write(const char *path, struct err *e);
MUST_CHECK bool affected_write(const char *path, const struct fleet *f, const struct plan *p,
			       struct err *e);

#endif
